//! The files, and what happens when something can't be written.

use std::io::{self, Write};

use edge_smoke::engine::events::{Event, Sink};
use edge_smoke::report::{FinishError, Format, Report, Reporters, Style};

use crate::play::{Stream, play_into};
use crate::runs::{errored, failing, passing};

#[test]
fn each_run_replaces_the_files_of_the_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let reports = folder.path().join("deep/reports");
    for run in [failing(), passing()] {
        assert!(play_into(&run, Format::Human, Style::PLAIN, &reports).result.is_ok());
        let read = |name: &str| std::fs::read_to_string(reports.join("latest").join(name)).expect("it is there");
        assert_eq!(Report::from_json(&read("report.json")).expect("a report"), run.report());
        assert!(roxmltree::Document::parse(&read("junit.xml")).is_ok());
        assert!(read("summary.md").starts_with("# edge-smoke: "));
    }
    let mut names: Vec<_> = std::fs::read_dir(reports.join("latest"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, ["junit.xml", "report.json", "summary.md"], "nothing half-written stays behind");
}

#[test]
fn a_report_that_cannot_be_written_costs_no_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_the_way = folder.path().join("reports");
    std::fs::write(&in_the_way, "a file").expect("written");
    for format in Format::ALL {
        let answer = play_into(&failing(), *format, Style::PLAIN, &in_the_way);
        assert!(matches!(answer.result, Err(FinishError::File(_))), "{format}");
        let people = if *format == Format::Human { &answer.out } else { &answer.err };
        assert!(people.contains("verdict FIX, exit code 1"), "{people}");
        assert!(people.contains("could not write reports/latest"), "{people}");
        if *format == Format::Json {
            assert_eq!(Report::from_json(&answer.out).expect("a report"), failing().report());
        }
    }
}

/// A file that a folder stands in the place of: the error names it, and no half of it is left.
#[test]
fn the_error_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("latest/junit.xml/x")).expect("a folder");
    let answer = play_into(&passing(), Format::Human, Style::PLAIN, folder.path());
    let Err(FinishError::File(error)) = answer.result else { panic!("{:?}", answer.result) };
    assert!(error.path.ends_with("latest/junit.xml"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path().join("latest")).expect("a folder").count(), 1);
}

struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_who_leaves_early_is_no_error_and_a_full_disk_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, fine) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
        let reporters =
            Reporters::new(Format::Human, Style::PLAIN, Box::new(Broken(kind)), Box::new(Stream::default()));
        reporters.emit(Event::Notice("embedded".into()));
        let result = reporters.finish(&passing().report(), folder.path());
        assert_eq!(result.is_ok(), fine, "{kind:?}: {result:?}");
    }
}

#[test]
fn a_program_that_gets_nothing_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let err = Stream::default();
    let broken = Box::new(Broken(io::ErrorKind::StorageFull));
    let reporters = Reporters::new(Format::Json, Style::PLAIN, broken, Box::new(err.clone()));
    let result = reporters.finish(&errored().report(), folder.path());
    assert!(matches!(result, Err(FinishError::Stream(_))), "{result:?}");
    assert!(err.text().contains("verdict INCONCLUSIVE, exit code 3"));
}

#[test]
fn live_lines_can_be_taken_away() {
    let out = Stream::default();
    let style = Style { live: true, ..Style::PLAIN };
    let reporters = Reporters::new(Format::Human, style, Box::new(out.clone()), Box::new(Stream::default()));
    reporters.emit(Event::StackProgress("starting forge".into()));
    assert_eq!(out.text(), "stack   starting forge\n");
    reporters.clear();
    assert_eq!(out.text(), "stack   starting forge\n\u{1b}[1A\r\u{1b}[J");
    reporters.clear();
    assert!(out.text().ends_with("\u{1b}[J"), "the second time there is nothing to take away");
}
