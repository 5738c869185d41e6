//! 5,000 texts against the ids of transformers after ftfy: `tests/fixtures/tokens/make.py` says how they are made.

use super::Tokenizer;
use serde_json::Value;
use std::path::Path;

/// Knuth's MMIX generator, of which the upper bits are used.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<'a>(&mut self, items: &'a Value) -> &'a Value {
        let items = items.as_array().unwrap();
        &items[self.below(items.len())]
    }

    fn text_of<'a>(&mut self, items: &'a Value) -> &'a str {
        self.of(items).as_str().unwrap()
    }

    fn piece(&mut self, parts: &Value, marked: bool) -> String {
        match self.below(8) {
            kind if marked && kind < 4 => self.text_of(&parts["marks"]).into(),
            kind if kind < 7 => self.text_of(&parts["words"]).into(),
            _ => {
                let range = self.of(&parts["ranges"]);
                let [first, last] = [0, 1].map(|i| range[i].as_u64().unwrap() as usize);
                let character =
                    |dice: &mut Dice| char::from_u32((first + dice.below(last - first + 1)) as u32);
                (0..1 + self.below(4)).map(|_| character(self).unwrap()).collect()
            }
        }
    }

    fn text(&mut self, parts: &Value, marked: bool) -> String {
        let mut made = match marked {
            true => self.text_of(&parts["marks"]).to_owned(),
            false => self.piece(parts, false),
        };
        for _ in 0..self.below(7) {
            made += self.text_of(&parts["between"]);
            made += &self.piece(parts, marked);
        }
        made
    }
}

#[test]
fn clips_ids_are_those_of_transformers_after_ftfy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokens");
    let parts: Value = serde_json::from_slice(&std::fs::read(folder.join("parts.json")).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join("ids.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let [ids, counts] = ["ids", "counts"].map(|name| file.tensor(name).unwrap());
    let mut ids = ids.data().as_chunks::<2>().0.iter().map(|bytes| u32::from(u16::from_le_bytes(*bytes)));
    let tokenizer = Tokenizer::clip(77, 49_408).unwrap();
    let mut dice = Dice(1);
    let mut wrong = Vec::new();
    assert_eq!(counts.data().len(), 5000);
    for (i, count) in counts.data().iter().enumerate() {
        let text = dice.text(&parts, i % 10 == 9);
        let expected: Vec<u32> = ids.by_ref().take(usize::from(*count)).collect();
        let (found, places): (Vec<u32>, Vec<_>) = tokenizer.tokens(&text).unwrap().into_iter().unzip();
        assert!(places.iter().all(|place| text.get(place.clone()).is_some()), "{text:?}");
        if found != expected {
            wrong.push(format!("{text:?}: {found:?} in place of {expected:?}"));
        }
    }
    assert!(wrong.is_empty() && ids.next().is_none(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}
