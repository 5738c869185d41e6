use super::parse;

fn at(text: &str) -> Vec<(f64, String)> {
    parse(text).unwrap().into_iter().map(|e| (e.time.0, e.label)).collect()
}

fn named(entries: &[(f64, &str)]) -> Vec<(f64, String)> {
    entries.iter().map(|(t, l)| (*t, (*l).to_owned())).collect()
}

const TWO: [(f64, &str); 2] = [(0.0, "verse"), (4.5, "chorus")];

#[test]
fn the_usual_kinds_of_lists_are_read() {
    assert_eq!(at("0.5\n1.0\n"), named(&[(0.5, ""), (1.0, "")]));
    assert_eq!(at("# beats\r\n1.0 2\r\n\r\n0.5\t1"), named(&[(0.5, "1"), (1.0, "2")]));
    assert_eq!(at("0.000,15.500,verse one\n1:02,chorus"), named(&[(0.0, "verse one"), (62.0, "chorus")]));
    // Beat, place in the bar, bar; a label track without texts.
    assert_eq!(at("0.5 1 1\n1.0 2 1\n"), named(&[(0.5, "1"), (1.0, "2")]));
    assert_eq!(at("0.5\t0.5\t\n1.0\t1.0\t\n"), named(&[(0.5, ""), (1.0, "")]));
}

#[test]
fn ends_durations_and_values_are_no_names() {
    assert_eq!(at("00:00:00.000\t00:00:04.500\tverse\n00:00:04.500\t00:00:12.000\tchorus\n"), named(&TWO));
    assert_eq!(at("0.000000000\t5\t4.500000000\tverse\n4.500000000\t5\t7.500000000\tchorus\n"), named(&TWO));
    assert_eq!(at("0;4;verse\n4,5;12;chorus\n"), named(&TWO));
    assert_eq!(at("0 4.5 verse\n4.5 12.0 chorus\n"), named(&TWO));
}

#[test]
fn quotes_hold_names_together() {
    let text = "\"0.0\",\"4.5\",\"verse, calm\"\n\"4.5\",\"12.0\",\"chorus\"\n";
    assert_eq!(at(text), named(&[(0.0, "verse, calm"), (4.5, "chorus")]));
    assert_eq!(at("0.0,verse, calm\n4.5,chorus\n"), named(&[(0.0, "verse, calm"), (4.5, "chorus")]));
    assert_eq!(at("0.0\t4.5\t12\" mix\n4.5\t5.0\t\"open\n"), named(&[(0.0, "12\" mix"), (4.5, "\"open")]));
}

#[test]
fn a_comma_is_the_decimal_sign_where_it_parts_nothing() {
    let half = named(&[(0.5, ""), (1.0, ""), (1.5, ""), (2.0, "")]);
    assert_eq!(at("0,5\n1,0\n1,5\n2,0\n"), half);
    assert_eq!(at("0,500000\t0,500000\n1,0\t1,0\n1,5\t1,5\n2,0\t2,0\n"), half);
    assert_eq!(at("0,5 1\n1,0 2\n"), named(&[(0.5, "1"), (1.0, "2")]));
    assert_eq!(at("0,1\n1,2\n2,3\n3,1\n"), named(&[(0.0, "1"), (1.0, "2"), (2.0, "3"), (3.0, "1")]));
    assert_eq!(at("0:04,5 verse\n"), named(&[(4.5, "verse")]));
    assert_eq!(at("0:30,1\n1:00,2\n"), named(&[(30.0, "1"), (60.0, "2")]));
    let error = parse("0,5,1,0\n1,0,1,5\n").unwrap_err();
    assert!(error.to_string().contains("commas"), "{error}");
}

#[test]
fn a_first_line_names_the_columns() {
    assert_eq!(at("TIME,LABEL\n0.5,1\n1.0,2\n"), named(&[(0.5, "1"), (1.0, "2")]));
    assert_eq!(at("Name;Start (s);End (s)\nverse;0;4,5\nchorus;4,5;12\n"), named(&TWO));
    assert_eq!(at("start_ms\tlabel\n0\tverse\n4500\tchorus\n"), named(&TWO));
    // REAPER's regions and markers.
    assert_eq!(
        at("#,Name,Start,End,Length\nR1,verse,0:00.000,0:04.500,\nM1,chorus,0:04.500,,\n"),
        named(&TWO)
    );
    assert_eq!(at("Zeit,Takt\n0.5,1\n1.0,2\n"), named(&[(0.5, "1"), (1.0, "2")]));
}

#[test]
fn frequencies_of_a_label_are_no_label() {
    assert_eq!(
        at("0.5\t0.6\ta\n\\\t200.0\t4000.0\n1.5\t1.6\tb\n\\\t200.0\t4000.0\n"),
        named(&[(0.5, "a"), (1.5, "b")])
    );
}

#[test]
fn what_is_no_list_is_an_error_with_its_line() {
    for text in ["", "# nothing\n", "\0\0", "one\n", "0.5\nnan\n", "-1\n", "00:00:04:12 verse\n", "time,x\n"]
    {
        assert!(!parse(text).unwrap_err().hints().is_empty(), "{text:?}");
    }
    assert!(parse("1.0\nhello\n").unwrap_err().to_string().contains("line 2"));
    assert!(parse("time,label\n1.0,a\n\nx,b\n").unwrap_err().to_string().contains("line 4"));
}

fn two(text: &str) {
    let told: Vec<_> = parse(text).unwrap().into_iter().map(|e| (e.time.0, e.label)).collect();
    assert_eq!(told, [(0.0, "verse".to_owned()), (64.0, "chorus".to_owned())], "{text:?}");
}

#[test]
fn chapters_are_read_as_people_write_them() {
    for text in [
        "0:00 - verse\n1:04 - chorus\n",
        "00:00 – verse\n01:04 – chorus\n",
        "0:00\u{a0}verse\n1:04\u{a0}chorus\n",
        "[0:00] verse\n[1:04] chorus\n",
        "(0:00:00) verse\n(0:01:04) chorus\n",
        "1. 0:00 verse\n2. 1:04 chorus\n",
        "01 - 0:00 - verse\n02 - 1:04 - chorus\n",
        "0:00 1. verse\n1:04 2. chorus\n",
        "• 0:00: verse\n• 1:04: chorus\n",
        "0:00 - 1:04 verse\n1:04 - 2:00 chorus\n",
        "0:00-1:04 verse\n1:04-2:00 chorus\n",
        "verse 0:00\nchorus 1:04\n",
        "1. verse - 0:00\n2. chorus - 1:04\n",
        "verse (0:00)\nchorus (1:04)\n",
        "Chapters:\n0:00 verse\n1:04 chorus\n",
        "0:00 \"verse\"\n1:04 \"chorus\"\n",
    ] {
        two(text);
    }
}

#[test]
fn numbers_that_count_nothing_stay_in_the_name() {
    let names = |text: &str| parse(text).unwrap().into_iter().map(|e| e.label).collect::<Vec<_>>();
    assert_eq!(names("0:00 99 Problems\n3:00 7 Rings\n"), ["99 Problems", "7 Rings"]);
    assert_eq!(names("0:00 1st verse\n0:30 2nd verse\n"), ["1st verse", "2nd verse"]);
    assert_eq!(names("0:00.5 1\n0:01.0 2\n0:01.5 3\n"), ["1", "2", "3"]);
    assert_eq!(names("0:00 Symphony No. 9 - IV\n"), ["Symphony No. 9 - IV"]);
}
