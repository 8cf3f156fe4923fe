//! Where the configuration comes from, and where it is saved.

use std::{
    ffi::OsString,
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use rustix::fs::Access;
use tempfile::NamedTempFile;
use xt211_web::{Edit, Place, Refusal, Settings};

use super::{
    Config, ConfigError, Problem, check,
    edit::edit,
    settings,
    source::{Source, USUAL_PLACES, usual_file},
};

/// Where the configuration comes from, and where it is saved: a file, and over it the environment.
#[derive(Clone, Debug)]
pub struct Origin {
    file: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl Origin {
    /// The given file, else the first of the usual places that exists, else the first of them
    /// that can be made.
    pub fn new(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Self {
        let file = file.map(Path::to_owned).or_else(usual_file).unwrap_or_else(|| {
            let places = USUAL_PLACES.map(PathBuf::from);
            let writable = places.iter().find(|place| obstacle(place).is_none());
            writable.or(places.first()).cloned().unwrap_or_default()
        });
        Self { file, environment: environment.collect() }
    }

    /// The file, whether it is there or not.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Reads and checks it. A file that is not there is an empty one.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let (text, is_there) = match self.text() {
            Ok(text) => text,
            Err(error) => {
                return Err(Problem::new(self.file.display().to_string(), error.to_string()).into());
            }
        };
        let mut config = self.check(&text)?;
        config.file = config.file.filter(|_| is_there);
        Ok(config)
    }

    /// Why nothing can be saved, if so.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        obstacle(&self.file)
    }

    /// What is set, in the file and over it, for people to see. What is wrong is left out.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let text = self.text().map(|(text, _)| text).unwrap_or_default();
        let file = self.file.clone();
        let read_only = self.obstacle();
        match self.source(&text) {
            Ok(source) => Settings { file, read_only, ..settings::shown(&source) },
            Err(error) => {
                Settings { file, read_only: Some(error.to_string()), ..Settings::default() }
            }
        }
    }

    fn source(&self, text: &str) -> Result<Source, ConfigError> {
        Source::new(text, Some(self.file.clone()), self.environment.iter().cloned())
    }

    /// What the file would be after a change, and what it would mean.
    ///
    /// # Errors
    ///
    /// It cannot be changed so.
    pub(crate) fn draft(&self, change: &Edit) -> Result<Draft, Vec<Refusal>> {
        let unreadable = |error: io::Error| {
            let message = format!("{} cannot be read: {error}", self.file.display());
            vec![Refusal { place: None, message }]
        };
        let (before, is_there) = self.text().map_err(unreadable)?;
        let held = self.held(&before, change);
        if !held.is_empty() {
            return Err(held);
        }
        let text = edit(&before, change)?;
        let config = self.check(&text);
        Ok(Draft { text, before: is_there.then_some(before), config })
    }

    /// What the environment sets would be the same as before, whatever the file says.
    fn held(&self, text: &str, change: &Edit) -> Vec<Refusal> {
        // What is wrong with it is said once it is changed.
        let Ok(source) = self.source(text) else { return Vec::new() };
        let held = |place: &Place| {
            let variable = settings::variable(place.section, &place.key, &source)?;
            let message = format!(
                "is set by the environment variable {variable}, and can only be changed there"
            );
            Some(Refusal { place: Some(place.clone()), message })
        };
        change.set.keys().filter_map(held).collect()
    }

    /// Saves a text, so that after a power cut either it is there or what was before.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn save(&self, text: &str) -> io::Result<()> {
        // One that is elsewhere is written there.
        let file = fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        let folder = folder(&file);
        let mut new = NamedTempFile::new_in(folder)?;
        new.write_all(text.as_bytes())?;
        match fs::metadata(&file) {
            Ok(old) => {
                new.as_file().set_permissions(old.permissions())?;
                // Only root may give it to somebody else, and then has to.
                if (old.uid(), old.gid()) != owner(new.as_file())? {
                    fchown(new.as_file(), Some(old.uid()), Some(old.gid()))?;
                }
            }
            // It may come to hold secrets.
            Err(_) => new.as_file().set_permissions(Permissions::from_mode(0o600))?,
        }
        new.as_file().sync_all()?;
        new.persist(&file)?;
        File::open(folder)?.sync_all()
    }

    /// Puts back what was there before.
    pub(crate) fn restore(&self, draft: &Draft) -> io::Result<()> {
        match &draft.before {
            Some(before) => self.save(before),
            None => fs::remove_file(&self.file),
        }
    }

    /// The file's text, and whether there is such a file.
    fn text(&self) -> io::Result<(String, bool)> {
        match fs::read_to_string(&self.file) {
            Ok(text) => Ok((text, true)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((String::new(), false)),
            Err(error) => Err(error),
        }
    }

    /// Why a configuration is not taken for what the file says now: another came from it, and now it is
    /// not there. Then nothing says that all of that should be gone.
    pub(crate) fn gone(&self, before: &Config) -> Option<String> {
        let is_gone = before.file.is_some() && !self.file.exists();
        let file = self.file.display();
        is_gone.then(|| format!("{file} is not there any more: put it back"))
    }

    /// What a text would mean if it stood in the file.
    fn check(&self, text: &str) -> Result<Config, ConfigError> {
        check::check(self.source(text)?)
    }
}

/// A file as it would be after a change.
pub(crate) struct Draft {
    pub(crate) text: String,
    /// What it is before, if it is there.
    before: Option<String>,
    /// What it would mean, or all that is wrong with it.
    pub(crate) config: Result<Config, ConfigError>,
}

/// Why a file cannot be written, if so.
fn obstacle(file: &Path) -> Option<String> {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let may = |path: &Path, access| rustix::fs::access(path, access).map_err(io::Error::from);
    // It is not written to, but another put in its place.
    if let Err(error) = may(folder(&file), Access::WRITE_OK | Access::EXEC_OK) {
        let folder = folder(&file).display();
        return Some(format!("nothing can be written to the folder {folder}: {error}"));
    }
    match may(&file, Access::WRITE_OK) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Some(format!("{} cannot be written to: {error}", file.display()))
        }
        _ => None,
    }
}

/// The folder that a file is in, or would be.
pub(crate) fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn owner(file: &File) -> io::Result<(u32, u32)> {
    let metadata = file.metadata()?;
    Ok((metadata.uid(), metadata.gid()))
}
