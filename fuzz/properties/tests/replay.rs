//! Every seed, and every input that failed, through the properties of its target.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use xt211_properties::TARGETS;

/// A folder beside the fuzz targets.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    // One that the fuzzer has not made yet is empty.
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Gives all files of a target to its property. Says which did not hold.
fn failed(target: fn(&[u8]), files: &[PathBuf]) -> Vec<PathBuf> {
    let holds = |file: &&PathBuf| {
        let data = fs::read(file).unwrap();
        catch_unwind(|| target(&data)).is_ok()
    };
    files.iter().filter(|file| !holds(file)).cloned().collect()
}

#[test]
fn what_holds_holds_for_every_seed() {
    for &(name, target) in TARGETS {
        let seeds = files(&folder("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        assert_eq!(failed(target, &seeds), Vec::<PathBuf>::new());
    }
}

#[test]
fn and_for_every_input_that_failed() {
    for &(name, target) in TARGETS {
        let artifacts = files(&folder("artifacts").join(name));
        assert_eq!(failed(target, &artifacts), Vec::<PathBuf>::new());
    }
}

// Without that feature, one of them is missing.
#[cfg(feature = "configuration")]
#[test]
fn each_target_is_there_and_has_its_seeds() {
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |folder: &Path| -> Vec<_> {
        let stem = |file: PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
        files(folder).into_iter().map(stem).collect()
    };
    assert_eq!(stems(&folder("fuzz_targets")), names);
    assert_eq!(stems(&folder("seeds")), names);
}

#[test]
fn an_input_that_fails_is_named() {
    let seeds = files(&folder("seeds").join("obis"));
    assert_eq!(failed(|data| assert!(data.is_empty()), &seeds), seeds);
}
