"""Taggers without training: what a token is decides its tag, so that every answer is known."""

from types import SimpleNamespace

import torch
from itamed.benchmark.engines.encoder.settings import Settings
from itamed.benchmark.engines.encoder.tagger import Tagger
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def tokenizer(kind, texts, size=300):
    """Return a tokenizer of the kind of BERT ("wordpiece"), RoBERTa ("bytes") or XLM-R ("pieces")."""
    options = {"special_tokens": list(MARKS), "vocab_size": size, "show_progress": False}
    if kind == "wordpiece":
        made, trainer = Tokenizer(models.WordPiece(unk_token="[UNK]")), trainers.WordPieceTrainer(**options)
        made.normalizer = normalizers.BertNormalizer(lowercase=True)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    elif kind == "bytes":
        made, trainer = Tokenizer(models.BPE(unk_token="[UNK]")), trainers.BpeTrainer(**options)
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        made.decoder = decoders.ByteLevel()
    else:
        made, trainer = Tokenizer(models.Unigram()), trainers.UnigramTrainer(unk_token="[UNK]", **options)
        made.normalizer = normalizers.NFKC()
        made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.train_from_iterator(texts, trainer)
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(mark, made.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), MARKS, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


class Table(torch.nn.Module):
    """Gives each token its row of a table, wherever it stands."""

    def __init__(self, table):
        super().__init__()
        self.table = torch.nn.Parameter(table)
        self.forwards = []

    @property
    def device(self):
        return self.table.device

    @property
    def dtype(self):
        return self.table.dtype

    @property
    def config(self):
        return SimpleNamespace(num_labels=self.table.shape[1])

    def num_parameters(self):
        return self.table.numel()

    def forward(self, input_ids, attention_mask):
        assert input_ids.shape == attention_mask.shape
        self.forwards.append(tuple(input_ids.shape))
        return SimpleNamespace(logits=self.table[input_ids])


def word_tagger(heads, labels, texts, length=16, overlap=6):
    """Return a tagger that gives words the labels of `labels` (word to names of outputs), all others O."""
    words = sorted({word for text in texts for word in text.replace(".", " . ").replace(",", " , ").split()})
    vocabulary = {word: number for number, word in enumerate([*MARKS, *words])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]")
    settings = Settings(tuple(heads), length, overlap)
    table = torch.zeros(len(vocabulary), len(settings.labels))
    table[:, [at for at, label in enumerate(settings.labels) if label.endswith(" O")]] = 1.0
    for word, names in labels.items():
        for name in names:
            table[vocabulary[word], settings.labels.index(name)] = 5.0
    return Tagger(Table(table), fast, settings)
