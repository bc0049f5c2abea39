//! Scenario and fault files: found, read, parsed, and put together with those that they use.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scenario::{Diagnostic, Scenario, Source};

use crate::engine::plan::Plan;
use crate::fault::{self, Fault};
use crate::stack::{Injected, StackOptions};

/// The largest file, in bytes. The parser has the same limit; here it keeps the file from being read at all.
const FILE_LIMIT: u64 = scenario::yaml::MAX_BYTES as u64;

/// Reads the plans of all scenarios under `paths`, in the order given, a directory's in the order of their names.
///
/// # Errors
/// Everything that is wrong with any of the files.
pub fn plans(paths: &[PathBuf]) -> Result<Vec<Arc<Plan>>, Vec<Diagnostic>> {
    let (files, errors) = files(paths, "scenario");
    plans_of(files, errors)
}

fn plans_of(files: Vec<PathBuf>, mut errors: Vec<Diagnostic>) -> Result<Vec<Arc<Plan>>, Vec<Diagnostic>> {
    let library = Library::default();
    let mut plans = Vec::new();
    for file in files {
        let planned =
            library.read(&file).and_then(|scenario| Plan::new(scenario, &|source, name| library.used(source, name)));
        match planned {
            Ok(plan) => plans.push(Arc::new(plan)),
            Err(mut found) => errors.append(&mut found),
        }
    }
    if errors.is_empty() { Ok(plans) } else { Err(without_repetitions(errors)) }
}

/// Reads all faults under `paths`, in the order given, a directory's in the order of their names.
///
/// # Errors
/// Everything that is wrong with any of the files.
pub fn faults(paths: &[PathBuf]) -> Result<Vec<Fault>, Vec<Diagnostic>> {
    injections(paths).map(|faults| faults.known)
}

/// The same, with the texts of their files.
///
/// # Errors
/// Everything that is wrong with any of the files.
pub(super) fn injections(paths: &[PathBuf]) -> Result<Faults, Vec<Diagnostic>> {
    let (files, errors) = files(paths, "fault");
    faults_of(files, errors)
}

fn faults_of(files: Vec<PathBuf>, mut errors: Vec<Diagnostic>) -> Result<Faults, Vec<Diagnostic>> {
    let mut texts = Vec::new();
    for file in files {
        match read_text(&file, "fault") {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(diagnostic) => errors.push(diagnostic),
        }
    }
    match faults_in(texts) {
        Ok(faults) if errors.is_empty() => Ok(faults),
        Ok(_) => Err(errors),
        Err(found) => {
            errors.extend(found);
            Err(errors)
        }
    }
}

/// Scenarios and faults.
pub(super) struct All {
    /// The plans of the scenarios.
    pub(super) plans: Vec<Arc<Plan>>,
    /// The faults.
    pub(super) faults: Vec<Fault>,
}

/// Reads all scenarios and faults under `paths`, each file as what it is.
///
/// # Errors
/// Everything that is wrong with any of the files.
pub(super) fn all(paths: &[PathBuf]) -> Result<All, Vec<Diagnostic>> {
    let (files, errors) = files(paths, "scenario or fault");
    let (faults, scenarios) = files.into_iter().partition(|file| is_fault(file));
    match (plans_of(scenarios, errors), faults_of(faults, Vec::new())) {
        (Ok(plans), Ok(faults)) => Ok(All { plans, faults: faults.known }),
        (plans, faults) => {
            let errors = [plans.err(), faults.err()];
            Err(errors.into_iter().flatten().flatten().collect())
        }
    }
}

/// Whether a file is a fault: it says what to inject; or, where it says neither that nor any steps, it is in a folder of faults.
fn is_fault(file: &Path) -> bool {
    // What can't be read is told to be so by whoever reads it as a scenario.
    let text = read_text(file, "scenario or fault").unwrap_or_default();
    let has = |key: &str| {
        text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
    };
    let is_among_faults = file.parent().and_then(Path::file_name).is_some_and(|folder| folder == "faults");
    has("inject") || (is_among_faults && !has("steps"))
}

/// Known misconfigurations with the texts of their files.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// What they are.
    pub(super) known: Vec<Fault>,
    /// Their files: name and text.
    pub(super) files: Vec<(String, String)>,
}

impl Faults {
    /// A stack with all of this set wrong, and otherwise as the options say.
    pub(super) fn inject(&self, options: StackOptions) -> StackOptions {
        let options = self.known.iter().fold(options, |options, fault| fault.inject.clone().into_options(options));
        let injected = Injected { faults: self.files.clone(), ..options.injected };
        StackOptions { injected, ..options }
    }
}

/// Known misconfigurations from their files' names and texts.
///
/// # Errors
/// Everything that is wrong with any of them.
pub(super) fn faults_in(files: Vec<(String, String)>) -> Result<Faults, Vec<Diagnostic>> {
    let sources: Vec<Arc<Source>> = files.iter().map(|(name, text)| Source::new(name.clone(), text.clone())).collect();
    let beside = |path: &Path| {
        let read = || Ok(Source::new(path.display().to_string(), read_text(path, "fault")?));
        path.is_file().then(read)
    };
    Ok(Faults { known: fault::read_all(&sources, &beside)?, files })
}

/// The files under `paths`, each once, and what is wrong with the paths.
fn files(paths: &[PathBuf], noun: &str) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        match find(path, noun) {
            Ok(found) => files.extend(found.into_iter().filter(|file| !files.contains(file)).collect::<Vec<_>>()),
            Err(diagnostic) => errors.push(diagnostic),
        }
    }
    (files, errors)
}

/// A file's scenario, or all that is wrong with it.
type Parsed = Result<Arc<Scenario>, Vec<Diagnostic>>;

/// Scenarios by file: each is read and parsed once, also when several use it.
#[derive(Default)]
struct Library {
    read: RefCell<BTreeMap<PathBuf, Parsed>>,
}

impl Library {
    fn read(&self, file: &Path) -> Parsed {
        if let Some(known) = self.read.borrow().get(file) {
            return known.clone();
        }
        let parsed = read_text(file, "scenario").map_err(|diagnostic| vec![diagnostic]).and_then(|text| {
            let source = Source::new(file.display().to_string(), text);
            scenario::parse(&source).map(Arc::new)
        });
        self.read.borrow_mut().insert(file.to_owned(), parsed.clone());
        parsed
    }

    fn used(&self, user: &Source, name: &str) -> Parsed {
        let folder = Path::new(&user.name).parent().unwrap_or(Path::new(""));
        let file = folder.join(format!("{name}.yaml"));
        if !file.is_file() {
            return Err(vec![
                Diagnostic::new(format!("there is no scenario `{name}` to use"))
                    .found(format!("no file {}", file.display()))
                    .help("`use` takes the name of a file beside this one, without `.yaml`"),
            ]);
        }
        self.read(&file)
    }
}

fn read_text(file: &Path, noun: &str) -> Result<String, Diagnostic> {
    let unreadable = |reason: String| {
        Diagnostic::new(format!("{} can't be read", file.display())).found(reason).help("check the path and its rights")
    };
    let size = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?.len();
    if size > FILE_LIMIT {
        return Err(Diagnostic::new(format!("{} is too large for a {noun}", file.display()))
            .expected(format!("at most {FILE_LIMIT} bytes"))
            .found(format!("{size} bytes"))
            .help("is this the file that you mean?"));
    }
    let bytes = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::new(format!("{} is not UTF-8 text", file.display()))
            .found(format!("a broken byte in line {line}, at offset {offset}"))
            .help("save the file as UTF-8")
    })
}

/// The file itself, or all YAML files below a directory.
fn find(path: &Path, noun: &str) -> Result<Vec<PathBuf>, Diagnostic> {
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, &mut files).map_err(|error| {
            Diagnostic::new(format!("the directory {} can't be read", path.display())).found(error.to_string())
        })?;
        files.sort();
        if files.is_empty() {
            return Err(Diagnostic::new(format!("there is no {noun} in {}", path.display()))
                .expected("files that end in .yaml or .yml")
                .help(format!("name a {noun} file, or a directory that has some")));
        }
        return Ok(files);
    }
    if !path.exists() {
        return Err(Diagnostic::new(format!("there is no file {}", path.display()))
            .help(format!("name a {noun} file or a directory; without one, `{noun}s/` is taken")));
    }
    Ok(vec![path.to_owned()])
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // A link to a directory above would be walked for ever.
        if path.is_dir() && !path.is_symlink() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

/// A broken scenario that three others use is broken once.
fn without_repetitions(errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = Vec::new();
    errors
        .into_iter()
        .filter(|error| {
            let text = error.render(false);
            let is_new = !seen.contains(&text);
            seen.push(text);
            is_new
        })
        .collect()
}
