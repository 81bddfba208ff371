//! Named tensors in a safetensors file: weights and data sets that ship with the page.
use crate::error::{Error, Result};
use half::f16;
use safetensors::{Dtype, SafeTensors, View, tensor::TensorView};
use std::borrow::Cow;

/// The tensors of a file, all as `f32`.
#[derive(Debug)]
pub struct Tensors {
    file: String,
    list: Vec<Tensor>,
}

/// A named tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name in the file.
    pub name: String,
    /// Its shape, outermost first.
    pub shape: Vec<usize>,
    /// As many numbers as the shape says.
    pub values: Vec<f32>,
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In 32 bits.
    F32,
    /// In 16 bits, with 11 significant ones.
    F16,
    /// As a whole number from 0 to 255.
    U8,
}

impl Tensors {
    /// Reads a safetensors file of 32-bit or 16-bit floats or of bytes; `file` is its name, for
    /// messages.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self> {
        let fault = |reason: String| Error::File { name: file.to_owned(), reason };
        let read = SafeTensors::deserialize(bytes)
            .map_err(|error| fault(format!("it is no whole safetensors file ({error})")))?;
        let mut list = Vec::new();
        for (name, view) in read.iter() {
            let values = numbers(&view).ok_or_else(|| {
                fault(format!("tensor {name} is of {:?}, not F32, F16 or U8", view.dtype()))
            })?;
            list.push(Tensor { name: name.to_owned(), shape: view.shape().to_vec(), values });
        }
        Ok(Self { file: file.to_owned(), list })
    }

    /// The bytes of a safetensors file.
    pub fn write(tensors: &[Tensor], stored: Stored) -> Result<Vec<u8>> {
        let stored = tensors.iter().map(|tensor| (&*tensor.name, Kept { tensor, stored }));
        safetensors::serialize(stored, None).map_err(|error| Error::File {
            name: "to be written".to_owned(),
            reason: error.to_string(),
        })
    }

    /// All tensors, in the order of the file.
    pub fn list(&self) -> &[Tensor] {
        &self.list
    }

    /// The numbers of a tensor of this name and shape.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<&[f32]> {
        let fault = |reason: String| Error::File { name: self.file.clone(), reason };
        let tensor = self.list.iter().find(|tensor| tensor.name == name);
        let tensor = tensor.ok_or_else(|| fault(format!("there is no tensor {name} in it")))?;
        if tensor.shape == shape {
            Ok(&tensor.values)
        } else {
            Err(fault(format!("tensor {name} has shape {:?}, not {shape:?}", tensor.shape)))
        }
    }
}

/// The numbers of a tensor, if they are of a known type.
fn numbers(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect(),
        Dtype::F16 => {
            bytes.as_chunks().0.iter().map(|&two| f16::from_le_bytes(two).to_f32()).collect()
        }
        Dtype::U8 => bytes.iter().map(|&byte| f32::from(byte)).collect(),
        _ => return None,
    })
}

/// A tensor as it is stored.
struct Kept<'a> {
    tensor: &'a Tensor,
    stored: Stored,
}

impl View for Kept<'_> {
    fn dtype(&self) -> Dtype {
        match self.stored {
            Stored::F32 => Dtype::F32,
            Stored::F16 => Dtype::F16,
            Stored::U8 => Dtype::U8,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.tensor.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = self.tensor.values.iter();
        match self.stored {
            Stored::F32 => values.flat_map(|x| x.to_le_bytes()).collect(),
            Stored::F16 => values.flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect(),
            Stored::U8 => values.map(|&x| x as u8).collect(),
        }
    }

    fn data_len(&self) -> usize {
        let width = match self.stored {
            Stored::F32 => 4,
            Stored::F16 => 2,
            Stored::U8 => 1,
        };
        width * self.tensor.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(stored: Stored) -> Vec<u8> {
        let tensor = |name: &str, shape: &[usize], values: &[f32]| Tensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: values.to_vec(),
        };
        let all = [tensor("a", &[2, 2], &[0.0, 1.0, 2.0, 255.0]), tensor("b", &[1], &[7.0])];
        Tensors::write(&all, stored).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        // Whole numbers up to 2048 are exact in 16 bits.
        for stored in [Stored::F32, Stored::F16, Stored::U8] {
            let read = Tensors::read("it", &file(stored)).unwrap();
            assert_eq!(read.get("a", &[2, 2]).unwrap(), [0.0, 1.0, 2.0, 255.0], "{stored:?}");
            assert_eq!(read.get("b", &[1]).unwrap(), [7.0], "{stored:?}");
            assert_eq!(read.list().len(), 2, "{stored:?}");
        }
    }

    #[test]
    fn a_bad_file_gets_a_sentence_and_no_panic() {
        let whole = file(Stored::F32);
        for end in 0..whole.len() {
            let error = Tensors::read("x", &whole[..end]).unwrap_err().to_string();
            assert!(error.contains("no whole safetensors file"), "{end}: {error}");
        }
        let read = Tensors::read("x", &whole).unwrap();
        let error = read.get("a", &[4]).unwrap_err().to_string();
        assert_eq!(error, "the file x cannot be used: tensor a has shape [2, 2], not [4]");
        let error = read.get("c", &[4]).unwrap_err().to_string();
        assert_eq!(error, "the file x cannot be used: there is no tensor c in it");
    }
}
