//! Files that ship with the page: weights and small data sets, each fetched when first needed.
use crate::error::{Error, Result};
use std::{cell::RefCell, fs, path::PathBuf, pin::Pin, rc::Rc};

/// A future on the one thread there is.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Fetches the bytes of a file by its name, or says why it cannot.
type Fetch = dyn Fn(&str) -> LocalFuture<'static, Result<Vec<u8>, String>>;

/// Files that ship with the page, by their names: paths relative to `www/`.
#[derive(Clone)]
pub struct Files {
    fetch: Rc<Fetch>,
    kept: Rc<RefCell<Vec<Kept>>>,
}

/// A file that has been fetched, with its name.
type Kept = (String, Rc<[u8]>);

impl Files {
    /// Files that are fetched in this way.
    pub fn new(
        fetch: impl Fn(&str) -> LocalFuture<'static, Result<Vec<u8>, String>> + 'static,
    ) -> Self {
        Self { fetch: Rc::new(fetch), kept: Rc::default() }
    }

    /// No files at all.
    pub fn none() -> Self {
        Self::new(|_| Box::pin(async { Err("there are no files here".to_owned()) }))
    }

    /// The files of a folder.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self::new(move |name| {
            let read = fs::read(folder.join(name)).map_err(|error| error.to_string());
            Box::pin(async { read })
        })
    }

    /// The bytes of a file; fetched once, then kept.
    pub async fn load(&self, name: &str) -> Result<Rc<[u8]>> {
        let kept = || self.kept.borrow().iter().find(|(n, _)| n == name).map(|(_, b)| b.clone());
        if let Some(bytes) = kept() {
            return Ok(bytes);
        }
        let bytes = (self.fetch)(name).await;
        let bytes: Rc<[u8]> =
            bytes.map_err(|reason| Error::File { name: name.to_owned(), reason })?.into();
        self.kept.borrow_mut().push((name.to_owned(), bytes.clone()));
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;
    use std::cell::Cell;

    #[test]
    fn a_file_is_fetched_once() {
        let fetched = Rc::new(Cell::new(0));
        let count = fetched.clone();
        let files = Files::new(move |name| {
            count.set(count.get() + 1);
            let bytes = name.as_bytes().to_vec();
            Box::pin(async { Ok(bytes) })
        });
        for _ in 0..2 {
            assert_eq!(&*block_on(files.load("ab")).unwrap(), b"ab", "its bytes");
        }
        assert_eq!(fetched.get(), 1, "once");
    }

    #[test]
    fn a_missing_file_is_told_by_name() {
        let files = Files::folder("no such folder");
        let error = block_on(files.load("weights/a.safetensors")).unwrap_err().to_string();
        assert!(error.starts_with("the file weights/a.safetensors cannot be used: "), "{error}");
    }
}
