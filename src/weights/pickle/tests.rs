//! Pickled files: those of torch against what is in them, and hostile ones.

use super::*;
use crate::weights;
use candle_core::DType;
use proptest::prelude::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle").join(name)
}

fn open(bytes: &[u8]) -> Result<PickleFile> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.ckpt");
    std::fs::write(&path, bytes).unwrap();
    PickleFile::open(&path)
}

fn refusal(bytes: &[u8]) -> String {
    machine::run(bytes).unwrap_err().at(Path::new("w.ckpt")).to_string()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

/// An archive of one entry a pair, stored as `torch.save` does it.
fn archive(entries: &[(&str, &[u8])], method: u16) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let mut header = Vec::new();
        header.extend([0u8, 0, 0, 0]);
        header.extend(method.to_le_bytes());
        header.extend([0; 8]);
        header.extend((data.len() as u32).to_le_bytes());
        header.extend((data.len() as u32).to_le_bytes());
        header.extend((name.len() as u16).to_le_bytes());
        header.extend([0, 0]);
        directory.extend(b"PK\x01\x02\0\0");
        directory.extend(&header);
        directory.extend([0; 10]);
        directory.extend((file.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        file.extend(b"PK\x03\x04");
        file.extend(&header);
        file.extend(name.as_bytes());
        file.extend(*data);
    }
    let (at, count) = (file.len() as u32, (entries.len() as u16).to_le_bytes());
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count);
    file.extend(count);
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(at.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// The pickle of {"a": a tensor of two numbers}; `shape` are the opcodes of offset, shape and strides.
fn one_tensor(length: u8, shape: &[u8]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    pickle.extend(b"X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK");
    pickle.push(length);
    pickle.extend(b"tQ");
    pickle.extend(shape);
    pickle.extend(b"\x89NtRs.");
    pickle
}

#[test]
fn files_of_torch_hold_what_torch_put_into_them() {
    let expected = weights::open(&fixture("expected.safetensors")).unwrap();
    for name in ["plain-2.pt", "plain-3.pt", "plain-4.pt", "legacy.pt"] {
        let file = weights::open(&fixture(name)).unwrap();
        let all = expected.shapes().iter();
        // Formats of 8 bits are younger than the old layout.
        for (key, shape) in all.filter(|(key, _)| name != "legacy.pt" || !key.starts_with("e")) {
            assert_eq!(file.shapes().get(key), Some(shape), "{name} {key}");
            if key == "position_ids" {
                assert!(file.read(key).unwrap_err().to_string().contains("i64"));
                continue;
            }
            let (found, wanted) = (file.read(key).unwrap(), expected.read(key).unwrap());
            assert_eq!(found.dtype(), wanted.dtype(), "{name} {key}");
            assert_eq!(values(&found), values(&wanted), "{name} {key}");
        }
    }
}

/// As older repositories have them: an index, called as diffusers calls that of a variant, and its parts in both layouts.
#[test]
fn pickles_may_be_parts_of_what_an_index_holds_together() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["plain-2.pt", "legacy.pt"] {
        std::fs::copy(fixture(name), folder.path().join(name)).unwrap();
    }
    let index = folder.path().join("diffusion_pytorch_model.bin.index.fp16.json");
    std::fs::write(&index, r#"{"weight_map": {"f16": "plain-2.pt", "row": "legacy.pt"}}"#).unwrap();
    let path = weights::find(folder.path()).unwrap();
    assert_eq!(path, index);
    let (file, expected) =
        (weights::open(&path).unwrap(), weights::open(&fixture("expected.safetensors")).unwrap());
    assert_eq!((file.shapes().len(), file.files().len()), (2, 3));
    for key in ["f16", "row"] {
        assert_eq!(values(&file.read(key).unwrap()), values(&expected.read(key).unwrap()), "{key}");
    }
}

#[test]
fn weights_are_found_among_what_a_training_program_leaves() {
    for name in ["module.pth", "lightning.ckpt"] {
        let file = PickleFile::open(&fixture(name)).unwrap();
        assert_eq!(file.shapes().keys().collect::<Vec<_>>(), ["0.bias", "0.weight"], "{name}");
        assert_eq!(values(&file.read("0.weight").unwrap()), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(values(&file.read("0.bias").unwrap()), [0.5; 3]);
    }
}

#[test]
fn what_a_file_asks_to_run_is_refused_by_its_name() {
    for (name, asked) in [("system.pt", "posix.system"), ("getcwd.pt", "posix.getcwd")] {
        let error = PickleFile::open(&fixture(name)).unwrap_err();
        assert!(error.to_string().contains(asked), "{error}");
        assert!(error.hints()[0].contains("runs nothing"), "{error:?}");
    }
    assert!(refusal(b"\x80\x04\x8c\x02os\x8c\x06system\x93.").contains("os.system"));
    assert!(refusal(b"ctorch.storage\n_load_from_bytes\n.").contains("torch.storage._load_from_bytes"));
    assert!(refusal(b"(ios\nsystem\n.").contains("INST"));
    assert!(refusal(b"Pid\n.").contains("PERSID"));
    assert!(refusal(b"\x82\x01.").contains("EXT1"));
    assert!(refusal(b"cposix\x1b[2J\nx\n.").contains("posix\\u{1b}[2J.x"), "terminals aren't moved");
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error() {
    for name in ["plain-4.pt", "legacy.pt", "lightning.ckpt"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        for length in (0..whole.len()).step_by(7) {
            assert!(open(&whole[..length]).is_err(), "{name} cut at {length}");
        }
    }
    let pickle = one_tensor(2, b"K\0K\x02\x85K\x01\x85");
    (0..pickle.len()).for_each(|length| assert!(machine::run(&pickle[..length]).is_err(), "{length}"));
}

#[test]
fn tensors_lie_inside_their_storage() {
    let data: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let file = |length, shape: &[u8]| {
        open(&archive(&[("w/data.pkl", &one_tensor(length, shape)), ("w/data/0", &data)], 0))
    };
    assert_eq!(values(&file(2, b"K\0K\x02\x85K\x01\x85").unwrap().read("a").unwrap()), [1.5, -2.0]);
    for (length, shape, cause) in [
        (2, b"K\x01K\x02\x85K\x01\x85".as_slice(), "beyond"),
        (2, b"K\0K\x02\x85K\x02\x85", "beyond"),
        (3, b"K\0K\x02\x85K\x01\x85", "cut short"),
        (2, b"K\0K\x09\x85K\0\x85", "repeat"),
        (2, b"K\0J\xff\xff\xff\xff\x85K\x01\x85", "described"),
        (2, b"K\0\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85K\x09\x85", "beyond"),
        (2, b"K\0K\x02\x85)", "shape"),
        (2, b"K\0(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01tK\x01\x85", "shape"),
    ] {
        let error = file(length, shape).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
}

#[test]
fn archives_are_taken_as_torch_writes_them() {
    let pickle = one_tensor(2, b"K\0K\x02\x85K\x01\x85");
    let error = |entries: &[(&str, &[u8])], method| open(&archive(entries, method)).unwrap_err().to_string();
    assert!(error(&[("w/data.pkl", &pickle), ("w/data/0", &[0; 8])], 8).contains("deflate"));
    assert!(error(&[("w/data.pkl", &pickle)], 0).contains("w/data/0' is missing"));
    assert!(error(&[("w/data.pkl", &pickle), ("w/byteorder", b"big")], 0).contains("big-endian"));
    assert!(error(&[("w/data.pkl", &pickle), ("w/constants.pkl", b"")], 0).contains("TorchScript"));
    assert!(error(&[("notes.txt", b"hello")], 0).contains("torch.save"));
    assert!(error(&[("w/data.pkl", b"\x80\x02].")], 0).contains("no dictionary"));
}

#[test]
fn pickles_that_contain_themselves_or_grow_without_end_stop() {
    let mut shares = b"}q\0}q\x01".to_vec();
    // Every dictionary holds the one before it under 200 names.
    for level in 1..8u8 {
        shares.extend(b"}q");
        shares.push(level + 1);
        (0..200u8).for_each(|n| shares.extend([b'X', 1, 0, 0, 0, n % 100, b'h', level, b's']));
    }
    shares.extend(b".");
    let run = machine::run(&shares).unwrap();
    assert!(names::of(&run).is_err());
    let itself = machine::run(b"}q\0X\x01\0\0\0ah\0s.").unwrap();
    assert!(names::of(&itself).unwrap().is_empty());
    let deep: Vec<u8> = b"]".repeat(100_000).into_iter().chain(b"a".repeat(99_999)).chain(*b".").collect();
    assert!(machine::run(&deep).is_ok());
    assert!(refusal(&b"]".repeat(2 << 20)).contains("values"));
    assert!(refusal(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffab").contains("cut short"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(machine::run(&bytes).map(|pickle| drop(names::of(&pickle))));
        drop(open(&bytes));
        drop(open(&archive(&[("w/data.pkl", &bytes)], 0)));
    }

    #[test]
    fn damaged_files_never_panic(
        which in 0..4usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let name = ["plain-2.pt", "plain-4.pt", "legacy.pt", "lightning.ckpt"][which];
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        changes.iter().for_each(|(at, to)| { let at = at.index(bytes.len()); bytes[at] = *to; });
        if let Ok(file) = open(&bytes) {
            file.shapes().keys().for_each(|key| drop(file.read(key)));
        }
    }
}
