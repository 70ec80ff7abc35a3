//! The contract, on a log in one JSON file.

use std::fs;
use std::sync::Arc;

use sync_log_conformance::Document;
use sync_log_conformance::core::{Contents, LogStore};
use tempfile::TempDir;
use third_party_store::JsonFile;

sync_log_conformance::conformance!(Folder);

struct Folder(TempDir);

impl Document for Folder {
    const MODEL_CASES: u32 = 20;

    fn create() -> Self {
        Self(TempDir::new().expect("there is room for a folder"))
    }

    fn open(&self) -> Arc<dyn LogStore> {
        Arc::new(JsonFile::open(self.0.path().to_owned()))
    }

    fn contents(&self) -> Contents {
        let json = fs::read(self.0.path().join("log.json")).expect("it is there");
        serde_json::from_slice(&json).expect("it is whole")
    }

    fn replace(&self, contents: &Contents) {
        let json = serde_json::to_vec(contents).expect("it has a form");
        fs::write(self.0.path().join("log.json"), json).expect("there is room for a file");
    }
}
