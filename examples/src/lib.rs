//! What the examples share: where their input comes from, what is measured, and how they end.

pub mod conversion;

use std::{
    error::Error,
    ffi::OsStr,
    fs,
    io::{self, Read},
    path::Path,
    process::ExitCode,
};

/// What goes wrong in an example.
pub type Failure = Box<dyn Error>;

/// Reads a file; without a name, or with `-`, what comes from standard input.
///
/// # Errors
///
/// The file's name and why it cannot be read.
pub fn read(name: Option<&OsStr>) -> Result<Vec<u8>, Failure> {
    match name {
        Some(name) if name != "-" => {
            fs::read(name).map_err(|error| format!("{}: {error}", Path::new(name).display()).into())
        }
        _ => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes)?;
            Ok(bytes)
        }
    }
}

/// Ends a program: with 0, or with 1 and what went wrong on standard error.
pub fn exit(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
