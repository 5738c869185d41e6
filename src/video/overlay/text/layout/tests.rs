use super::*;

fn text(words: &str, width: f32) -> Text {
    Text::new(&Fonts::new(None).unwrap(), words, 40.0, width).unwrap()
}

fn order(words: &str, width: f32) -> Vec<String> {
    let text = text(words, width);
    let mut seen: Vec<&Word> = text.words.iter().collect();
    seen.sort_by(|a, b| (a.y.start, a.x.start).partial_cmp(&(b.y.start, b.x.start)).unwrap());
    seen.into_iter().map(|w| words[w.bytes.clone()].to_owned()).collect()
}

#[test]
fn words_stand_in_reading_order_and_right_to_left_from_the_right() {
    assert_eq!(order("one two three", 2000.0), ["one", "two", "three"]);
    // Hebrew, and Hebrew with a Latin word and a number inside (UAX 9).
    assert_eq!(order("שלום עולם טוב", 2000.0), ["טוב", "עולם", "שלום"]);
    assert_eq!(order("שלום big world עולם", 2000.0), ["עולם", "big", "world", "שלום"]);
    assert_eq!(order("say שלום עולם now", 2000.0), ["say", "עולם", "שלום", "now"]);
    let hebrew = text("שלום עולם", 2000.0);
    assert!(hebrew.words.iter().all(|w| w.right_to_left));
}

#[test]
fn arabic_letters_join() {
    // Three letters that join are narrower than the same three kept apart by a zero-width non-joiner.
    let width = |words: &str| text(words, 2000.0).words[0].x.end - text(words, 2000.0).words[0].x.start;
    assert!(
        width("ببب") < 0.9 * width("ب\u{200c}ب\u{200c}ب"),
        "{} {}",
        width("ببب"),
        width("ب\u{200c}ب\u{200c}ب")
    );
}

#[test]
fn long_lines_are_broken_evenly_and_text_without_spaces_as_well() {
    let one = text("aaaa aaaa aaaa aaaa", 2000.0);
    let two = text("aaaa aaaa aaaa aaaa", 300.0);
    assert_eq!(two.mask.size().height, one.mask.size().height + 50);
    let rows: Vec<f32> = two.words.iter().map(|w| w.y.start).collect();
    assert!(rows[0] == rows[1] && rows[1] < rows[2] && rows[2] == rows[3], "{rows:?}");
    assert_eq!(order("first\nsecond third", 2000.0), ["first", "second", "third"]);
    for end in ENDS {
        let two = text(&format!("first{end}second third"), 2000.0);
        assert_eq!(two.mask.size().height, one.mask.size().height + 50, "{end:?}");
    }
    // Between ideographs a line may break anywhere (UAX 14); the program's own font shows them as boxes.
    assert!(text("日本語日本語日本語日本語", 200.0).mask.size().height > 100);
}

#[test]
fn letters_are_drawn_where_their_words_are() {
    let text = text("ll ll", 2000.0);
    let width = text.mask.size().width as usize;
    let ink = |x: Range<f32>| -> u32 {
        let columns = x.start as usize..x.end.ceil() as usize;
        let rows = text.mask.coverage().chunks_exact(width);
        rows.map(|row| row[columns.clone()].iter().map(|c| u32::from(*c)).sum::<u32>()).sum()
    };
    let [a, b] = &text.words[..] else { panic!("{:?}", text.words) };
    assert!(ink(a.x.clone()).abs_diff(ink(b.x.clone())) < 2000 && ink(a.x.clone()) > 10_000);
    assert_eq!(ink(a.x.end + 1.0..b.x.start), 0);
}

#[test]
fn fonts_say_what_they_lack_and_what_is_no_font_is_refused() {
    let fonts = Fonts::new(None).unwrap();
    assert_eq!((fonts.missing("héllo שלום عالم"), fonts.missing("a 日本")), (None, Some('日')));
    for bytes in [vec![], b"no font at all".to_vec(), vec![0; 4096], super::super::plain()[..5000].to_vec()] {
        if let Ok(fonts) = Fonts::new(Some(bytes)) {
            let _ = Text::new(&fonts, "abc", 40.0, 500.0);
        }
    }
    assert!(Fonts::new(Some(b"no font".to_vec())).unwrap_err().hints().len() == 1);
}

#[test]
fn nothing_and_too_much_is_no_text() {
    let fonts = Fonts::new(None).unwrap();
    for (words, size) in [("", 40.0), ("  ", 40.0), ("\n", 40.0), ("a", f32::NAN), ("a", 0.0), ("a", 1e9)] {
        assert!(Text::new(&fonts, words, size, 500.0).is_none(), "{words:?} {size}");
    }
    assert!(Text::new(&fonts, &"a".repeat(5000), 40.0, 500.0).is_none());
    assert!(Text::new(&fonts, "a\u{202e}b\u{0000}\u{2067}", 40.0, 0.0).is_some());
}
