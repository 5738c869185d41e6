//! Pickle values, what a pickle is made of, as data: the few kinds of value that tensors are described with.

use super::fault::{Checked, Fault, told};
use crate::weights::element::Element;

/// A value's place among [`Values`].
pub(super) type Id = u32;

/// Most values in a file; a checkpoint with its optimizer has about 100,000.
const MAX_VALUES: usize = 1 << 20;

/// A value; texts stay where they are in the file. Values refer to each other by their places, so that a pickle that contains
/// itself, or one value a million times, is only a few numbers.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// Whatever no tensor is made of: none, floats, sets.
    Plain,
    Bool(bool),
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Storage<'a>),
    Tensor(Box<StoredTensor<'a>>),
}

/// Values that are next to each other in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storage<'a> {
    /// The format of its values; none where the tensors say it.
    pub element: Option<Element>,
    /// Its name.
    pub key: &'a str,
    /// How many values it has; bytes where it has no format.
    pub length: u64,
}

/// A view of a storage.
#[derive(Debug)]
pub(super) struct StoredTensor<'a> {
    pub storage: Storage<'a>,
    pub element: Element,
    /// Values of the storage before the first.
    pub offset: u64,
    pub shape: Vec<usize>,
    /// Values of the storage between neighbours in each dimension.
    pub strides: Vec<u64>,
}

/// The names of other programs' things that are known here. None of them is run: what they would make is told by their arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    /// A tensor that says its own format.
    RebuildTypedTensor,
    RebuildParameter,
    Size,
    StorageType(Option<Element>),
    Type(Element),
    /// Training programs leave these beside the weights. What is made of them is of no concern.
    Bystander,
}

const I64: Element = Element::Other("i64", 8);
const I32: Element = Element::Other("i32", 4);
const I16: Element = Element::Other("i16", 2);
const I8: Element = Element::Other("i8", 1);
const U8: Element = Element::Other("u8", 1);
const BOOL: Element = Element::Other("bool", 1);

/// Every name that is taken: module, name, meaning.
const KNOWN: &[(&str, &str, Global)] = &[
    ("collections", "OrderedDict", Global::OrderedDict),
    // Its members come with its attributes.
    ("torch.nn.modules.container", "ParameterDict", Global::OrderedDict),
    ("torch._utils", "_rebuild_tensor", Global::RebuildTensor),
    ("torch._utils", "_rebuild_tensor_v2", Global::RebuildTensor),
    ("torch._utils", "_rebuild_tensor_v3", Global::RebuildTypedTensor),
    ("torch._utils", "_rebuild_parameter", Global::RebuildParameter),
    ("torch", "Size", Global::Size),
    ("torch", "DoubleStorage", Global::StorageType(Some(Element::F64))),
    ("torch", "FloatStorage", Global::StorageType(Some(Element::F32))),
    ("torch", "HalfStorage", Global::StorageType(Some(Element::F16))),
    ("torch", "BFloat16Storage", Global::StorageType(Some(Element::Bf16))),
    ("torch", "LongStorage", Global::StorageType(Some(I64))),
    ("torch", "IntStorage", Global::StorageType(Some(I32))),
    ("torch", "ShortStorage", Global::StorageType(Some(I16))),
    ("torch", "CharStorage", Global::StorageType(Some(I8))),
    ("torch", "ByteStorage", Global::StorageType(Some(U8))),
    ("torch", "BoolStorage", Global::StorageType(Some(BOOL))),
    ("torch", "UntypedStorage", Global::StorageType(None)),
    ("torch.storage", "UntypedStorage", Global::StorageType(None)),
    ("torch", "float64", Global::Type(Element::F64)),
    ("torch", "float32", Global::Type(Element::F32)),
    ("torch", "float16", Global::Type(Element::F16)),
    ("torch", "bfloat16", Global::Type(Element::Bf16)),
    ("torch", "float8_e4m3fn", Global::Type(Element::E4m3)),
    ("torch", "float8_e5m2", Global::Type(Element::E5m2)),
    ("torch", "int64", Global::Type(I64)),
    ("torch", "int32", Global::Type(I32)),
    ("torch", "int16", Global::Type(I16)),
    ("torch", "int8", Global::Type(I8)),
    ("torch", "uint8", Global::Type(U8)),
    ("torch", "bool", Global::Type(BOOL)),
    ("torch", "device", Global::Bystander),
    ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint", Global::Bystander),
    ("numpy", "dtype", Global::Bystander),
    ("numpy", "ndarray", Global::Bystander),
    ("numpy.core.multiarray", "scalar", Global::Bystander),
    ("numpy.core.multiarray", "_reconstruct", Global::Bystander),
    ("numpy._core.multiarray", "scalar", Global::Bystander),
    ("numpy._core.multiarray", "_reconstruct", Global::Bystander),
    ("_codecs", "encode", Global::Bystander),
    ("collections", "defaultdict", Global::Bystander),
    ("builtins", "dict", Global::Bystander),
    ("builtins", "set", Global::Bystander),
    ("__builtin__", "dict", Global::Bystander),
    ("__builtin__", "set", Global::Bystander),
];

impl Global {
    /// The known thing of this name.
    pub fn find(module: &str, name: &str) -> Checked<Self> {
        let found = KNOWN.iter().find(|(m, n, _)| (*m, *n) == (module, name));
        found.map(|(_, _, global)| *global).ok_or_else(|| {
            Fault::refused(format!(
                "it asks for {}.{}, which is no part of a tensor",
                told(module),
                told(name)
            ))
        })
    }
}

/// All values of a pickle.
#[derive(Debug)]
pub(super) struct Values<'a>(Vec<Value<'a>>);

impl<'a> Values<'a> {
    /// The place of the one plain value.
    pub const PLAIN: Id = 0;
    /// The places of truth values.
    pub const BOOL: [Id; 2] = [1, 2];

    pub fn new() -> Self {
        Values(vec![Value::Plain, Value::Bool(false), Value::Bool(true)])
    }

    pub fn add(&mut self, value: Value<'a>) -> Checked<Id> {
        if self.0.len() >= MAX_VALUES {
            return Err(Fault::refused(format!("it has more than {MAX_VALUES} values")));
        }
        self.0.push(value);
        Ok((self.0.len() - 1) as Id)
    }

    pub fn get(&self, id: Id) -> &Value<'a> {
        self.0.get(id as usize).unwrap_or(&Value::Plain)
    }

    pub fn get_mut(&mut self, id: Id) -> Option<&mut Value<'a>> {
        self.0.get_mut(id as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Value<'a>> {
        self.0.iter()
    }

    /// The members of a tuple or a list; none of anything else.
    pub fn members(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(members) | Value::List(members) => Some(members),
            _ => None,
        }
    }

    pub fn text(&self, id: Id) -> Option<&'a str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that isn't negative.
    pub fn count(&self, id: Id) -> Option<u64> {
        match self.get(id) {
            Value::Int(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    /// A tuple of whole numbers that aren't negative.
    pub fn counts(&self, id: Id) -> Option<Vec<u64>> {
        self.members(id)?.iter().map(|id| self.count(*id)).collect()
    }
}
