#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains tiny tokenizers on invented text, writes each as a GGUF file without tensors, and what `tokenizers` (0.23.3) and
`sentencepiece` (0.2.3) make of a few hundred strings as tokenizer-strings.json.
Usage: tokenizer_goldens.py DIRECTORY [SmolLM2.gguf: adds the real model's tokens]"""
import io
import json
import random
import sys

import gguf
import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

out, rng = sys.argv[1], random.Random(11)
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
SYLLABLES = ["ka", "mi", "zor", "the", "in", "ing", "er", "wug", "blick", "é", "ñu", "ß", "ø", "мо", "ска", "猫", "犬", "かな", "ا", "ب", "한국", "ม", "ा"]
MARKS = list(".,;:!?\"'()[]{}<>|/\\@#$%^&*-_=+~`") + ["...", "'s", "'ll", "'RE", "'ſ", "->", "//", "==", "</s>", "<s>", "<unk>", "<0x0A>", "<|im_start|>",
         "<|im_end|>", "<|endoftext|>", "<image>", "[INST]", "—", "“", "”", "½", "²", "Ⅷ", "٣", "€"]
SPACES = [" ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n ", "\u00a0", "\u3000", "\u2028", " \t "]
EMOJI = ["😀", "👩‍🔬", "🏳️‍🌈", "🇩🇪", "👍🏽", "e\u0301", "\u200b", "\ufeff", "\x00", "\x7f", "\U0010ffff", "ﬁ", "Å", "\u2581", "Ġ"]


def word():
    kind = rng.random()
    if kind < 0.55:
        text = "".join(rng.choice(SYLLABLES[:8] if rng.random() < 0.8 else SYLLABLES) for _ in range(rng.randint(1, 4)))
        return text.capitalize() if rng.random() < 0.2 else text.upper() if rng.random() < 0.1 else text
    if kind < 0.7:
        return str(rng.randint(0, 10 ** rng.randint(1, 9)))
    if kind < 0.92:
        return rng.choice(MARKS) * rng.choice([1, 1, 1, 2, 3])
    return rng.choice(EMOJI)


def text():
    return "".join(word() + (rng.choice(SPACES) if rng.random() < 0.6 else "") for _ in range(rng.randint(1, 12)))


corpus = [text() for _ in range(3000)]
strings = ["", " ", "  ", "\n", "a", " a", "a ", "   a   b ", "It's we'll I'M they'RE", "def f(x):\n    return x ** 2\n\n\n    # done", "12345678901", "a1b22c333 4444",
           "there is \"wug\" in the image. [END EXAMPLE]", "What is in the image <image>?"] + [rng.choice(SPACES) * rng.randint(0, 2) + text() for _ in range(386)]
golden = {"strings": strings}


def write(name, fields):
    w = gguf.GGUFWriter(f"{out}/tokenizer-{name}.gguf", "llama")
    fields(w)
    w.write_header_to_file(), w.write_kv_data_to_file(), w.close()


def pairs(name, pre, splitter, normalizer=None, whole=False):
    t = Tokenizer(models.BPE(ignore_merges=whole))
    t.pre_tokenizer, t.decoder = splitter, decoders.ByteLevel()
    if normalizer:
        t.normalizer = normalizer
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    state = json.loads(t.to_str())["model"]
    tokens = sorted(state["vocab"], key=state["vocab"].get)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

    def fields(w):
        w.add_tokenizer_model("gpt2"), w.add_tokenizer_pre(pre)
        w.add_token_list(tokens + special), w.add_token_types([1] * len(tokens) + [3] * len(special))
        w.add_token_merges([" ".join(m) for m in state["merges"]])
        w.add_eos_token_id(len(tokens) + 2), w.add_bos_token_id(len(tokens)), w.add_add_bos_token(False)
    write(name, fields)
    golden[name] = [t.encode(s).ids for s in strings]


byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
smollm = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
pairs("gpt2", "gpt-2", byte_level)
pairs("smollm", "smollm", smollm)
pairs("llama3", "llama-bpe", pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), plain]), whole=True)
pairs("qwen2", "qwen2", pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"), plain]), normalizers.NFC())

model = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(s.replace("\x00", "") for s in corpus), model_writer=model, model_type="bpe", vocab_size=700, byte_fallback=True, minloglevel=2,
    character_coverage=0.995, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=True, split_digits=True)
sp = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def fields(w):
    ids = range(sp.get_piece_size())
    w.add_tokenizer_model("llama"), w.add_tokenizer_pre("default")
    w.add_token_list([sp.id_to_piece(i) for i in ids]), w.add_token_scores([sp.get_score(i) for i in ids])
    w.add_token_types([2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 1 for i in ids])
    w.add_bos_token_id(sp.bos_id()), w.add_eos_token_id(sp.eos_id())


write("sentencepiece", fields)
# A control token in the text is spelled out, letter by letter, by lcl; sentencepiece does the same.
golden["sentencepiece"] = [sp.encode(s) for s in strings]

if len(sys.argv) > 2:
    reader = gguf.GGUFReader(sys.argv[2])
    tokens, merges = (reader.fields[f"tokenizer.ggml.{k}"].contents() for k in ("tokens", "merges"))
    t = Tokenizer(models.BPE({x: i for i, x in enumerate(tokens)}, [tuple(m.split(" ")) for m in merges]))
    t.pre_tokenizer = smollm
    golden["smollm2-135m"] = [t.encode(s).ids for s in strings]
    if len(sys.argv) > 3:
        many = [rng.choice(SPACES) * rng.randint(0, 2) + text() for _ in range(5000)]
        json.dump({"strings": many, "smollm2-135m": [t.encode(s).ids for s in many]}, open(sys.argv[3], "w"))
json.dump(golden, open(f"{out}/tokenizer-strings.json", "w"), ensure_ascii=True, separators=(",", ":"))
