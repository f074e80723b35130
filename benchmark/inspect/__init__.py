"""What a model got wrong, note by note: answers judged item by item, on the terminal and as pages."""
