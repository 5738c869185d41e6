"""A byte-pair tokenizer of CLIP's kind: lower case, `</w>` ends a word, the end token is the highest id and the padding."""
import json
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from nets import MODEL, TOKENS

START, END = "<|startoftext|>", "<|endoftext|>"
FOLDER = MODEL / "tokenizer"
SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def frame(model):
    """A tokenizer around a byte-pair model, with CLIP's normaliser and word splitting."""
    t = Tokenizer(model)
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    return t


def alphabet():
    """The 256 printable stand-ins for bytes, in CLIP's order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(rest))]


def make(lines, merges=1022):
    """Learn merges from lines of text and write vocab.json, merges.txt, tokenizer.json and tokenizer_config.json."""
    t = frame(models.BPE(end_of_word_suffix="</w>"))
    t.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=merges + 512, end_of_word_suffix="</w>", initial_alphabet=alphabet(), show_progress=False))
    pairs = [tuple(m) for m in json.loads(t.to_str())["model"]["merges"]][:merges]
    words = alphabet() + [c + "</w>" for c in alphabet()]
    for a, b in pairs:
        if a + b not in words:
            words.append(a + b)
    words += [START, END]
    vocab = {w: i for i, w in enumerate(words)}
    t = frame(models.BPE(vocab=vocab, merges=pairs, end_of_word_suffix="</w>", unk_token=END))
    t.add_special_tokens([AddedToken(START, special=True), AddedToken(END, special=True)])
    t.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, vocab[START]), (END, vocab[END])])
    FOLDER.mkdir(parents=True, exist_ok=True)
    t.save(str(FOLDER / "tokenizer.json"))
    (FOLDER / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (FOLDER / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs))
    (FOLDER / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "CLIPTokenizer", "model_max_length": TOKENS, "do_lower_case": True, "add_prefix_space": False,
        "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END, "errors": "replace"}, indent=2) + "\n")
    (FOLDER / "special_tokens_map.json").write_text(json.dumps(
        {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}, indent=2) + "\n")
    return len(vocab)


class Tokens:
    """Turns text into ids [32]: start, words, end, and end again as padding."""

    def __init__(self, folder=FOLDER):
        self.t = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.size = self.t.get_vocab_size()

    def __call__(self, text):
        ids = self.t.encode(unicodedata.normalize("NFC", text)).ids
        ids = ids[:TOKENS - 1] + [self.size - 1] if len(ids) > TOKENS else ids
        return ids + [self.size - 1] * (TOKENS - len(ids))
