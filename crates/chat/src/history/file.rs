//! One conversation's file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use uuid::Uuid;

use super::{Entry, HistoryError, LONGEST, Role, Summary};
use crate::clock;

/// How much of a file is looked at for its title, in bytes.
const BEGINNING: u64 = 64 * 1024;

/// How long a title is, in characters.
const TITLE: usize = 80;

/// Adds a line and syncs it. Where that fails the file is as long as it was.
pub(super) fn append(path: &Path, entry: &Entry) -> Result<(), HistoryError> {
    let mut line = serde_json::to_vec(entry).map_err(io::Error::from)?;
    line.push(b'\n');
    let is_new = !path.exists();
    let mut file =
        OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path).map_err(HistoryError::Io)?;
    let outcome = mend(&mut file, path).map_err(HistoryError::Io).and_then(|length| add(&mut file, length, &line));
    match outcome {
        // The name of a new file has to be on the disk as well.
        Ok(()) if is_new => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(HistoryError::Io)
        }
        Ok(()) => Ok(()),
        Err(error) => {
            if is_new {
                // An empty file would be a conversation that nobody had. Where it can't go either, lists pass over it.
                let _ = std::fs::remove_file(path);
            }
            Err(error)
        }
    }
}

fn add(file: &mut File, length: u64, line: &[u8]) -> Result<(), HistoryError> {
    if length.saturating_add(line.len() as u64) > LONGEST {
        return Err(HistoryError::Full);
    }
    let written = file.write_all(line).and_then(|()| file.sync_data());
    written.map_err(|error| {
        // Half a line (the disk is full) is taken back. Where that fails too, the next entry finds it torn and puts it aside.
        let _ = file.set_len(length).and_then(|()| file.sync_data());
        HistoryError::Io(error)
    })
}

/// Mends the end of a file that wasn't finished: a whole entry gets its line break, anything else is put aside into a file beside it.
/// Gives the file's length.
fn mend(file: &mut File, path: &Path) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let start = last_line(file, length)?;
    if start == length {
        return Ok(length);
    }
    let mut torn = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    Read::by_ref(file).take(length - start).read_to_end(&mut torn)?;
    if serde_json::from_slice::<Entry>(&torn).is_ok() {
        file.write_all(b"\n")?;
        return Ok(length + 1);
    }
    tracing::warn!(path = %path.display(), bytes = torn.len(), "a torn line is put aside");
    let mut aside = OpenOptions::new().create(true).append(true).mode(0o600).open(path.with_extension("torn"))?;
    torn.push(b'\n');
    aside.write_all(&torn)?;
    aside.sync_data()?;
    file.set_len(start)?;
    Ok(start)
}

/// Where the text after the last line break begins; the end of the file, if there is none.
fn last_line(file: &mut File, length: u64) -> io::Result<u64> {
    const STEP: u64 = 8192;
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut piece = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(end - start).read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// All entries. Lines that can't be read are passed over: they are torn, or of another program.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, HistoryError> {
    let mut content = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut content).map_err(HistoryError::Io)?;
    let entries: Vec<Entry> = entries(&content).collect();
    // Nothing was ever said in it: its first entry was torn, or is being written at this moment.
    if entries.is_empty() { Err(HistoryError::NotFound) } else { Ok(entries) }
}

fn entries(content: &[u8]) -> impl Iterator<Item = Entry> {
    content.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// What a list shows of a conversation.
pub(super) fn summarise(path: &Path, conversation_id: Uuid) -> Result<Summary, HistoryError> {
    let file = File::open(path)?;
    let updated = file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut beginning = Vec::new();
    file.take(BEGINNING).read_to_end(&mut beginning).map_err(HistoryError::Io)?;
    let mut entries = entries(&beginning);
    let summary = |title, created| Summary { conversation_id, title, created, updated: clock::text(updated) };
    match entries.next() {
        Some(first) => {
            let created = first.at.clone();
            let said = std::iter::once(first).chain(entries).find(|entry| entry.role == Role::User);
            Ok(summary(said.map(|entry| title(&entry.text)).unwrap_or_default(), created))
        }
        // A first message that is longer than what was looked at.
        None if beginning.len() as u64 == BEGINNING => Ok(summary(String::new(), clock::text(updated))),
        None => Err(HistoryError::NotFound),
    }
}

/// The first words, on one line.
fn title(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(TITLE) {
        Some((at, _)) => format!("{}…", words[..at].trim_end()),
        None => words,
    }
}
