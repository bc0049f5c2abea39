//! The whole answer in each format.

use edge_smoke::report::{Annotations, Format, Reporters, Style};
use insta::assert_snapshot;

use crate::play::{Answer, Run, Stream, play};
use crate::runs::{errored, failing, mixed, passing};

const COLOR: Style = Style { color: true, ..Style::PLAIN };
const LIVE: Style = Style { live: true, width: 80, ..Style::PLAIN };

fn human(run: &Run) -> String {
    let Answer { out, err, result } = play(run, Format::Human, Style::PLAIN);
    assert!(result.is_ok() && err.is_empty());
    out
}

fn programs(run: &Run, format: Format) -> String {
    let Answer { out, err, result } = play(run, format, Style::PLAIN);
    assert!(result.is_ok());
    assert_eq!(err, human(run), "what is for people goes to standard error, all of it");
    out
}

#[test]
fn human_passing() {
    assert_snapshot!(human(&passing()));
}

#[test]
fn human_failing() {
    assert_snapshot!(human(&failing()));
}

#[test]
fn human_errored() {
    assert_snapshot!(human(&errored()));
}

#[test]
fn human_mixed() {
    assert_snapshot!(human(&mixed()));
}

#[test]
fn human_without_anything_to_run() {
    let mut run = passing();
    run.journeys.clear();
    assert_snapshot!(human(&run));
}

#[test]
fn human_in_colour() {
    assert_snapshot!(play(&failing(), Format::Human, COLOR).out.replace('\u{1b}', "␛"));
}

#[test]
fn human_in_a_log_of_ci() {
    let tail = |annotations| {
        let text = play(&failing(), Format::Human, Style { annotations, ..Style::PLAIN }).out;
        text[text.find("finding ").unwrap()..].to_owned()
    };
    assert_snapshot!(tail(Annotations::Lines));
    assert_snapshot!(tail(Annotations::Github));
}

#[test]
fn human_narrow() {
    assert_snapshot!(play(&failing(), Format::Human, Style { width: 60, ..Style::PLAIN }).out);
}

#[test]
fn human_on_a_terminal() {
    assert_snapshot!(play(&failing(), Format::Human, LIVE).out.replace('\u{1b}', "␛"));
}

/// A report of shards comes without events.
#[test]
fn a_report_without_a_run_is_told_whole() {
    let played = human(&failing());
    let folder = tempfile::tempdir().expect("a folder");
    let out = Stream::default();
    let reporters = Reporters::new(Format::Human, Style::PLAIN, Box::new(out.clone()), Box::new(Stream::default()));
    assert!(reporters.finish(&failing().report(), folder.path()).is_ok());
    let told = out.text().replace(&folder.path().display().to_string(), "reports");
    let (_, after_the_notices) = played.split_once("starting forge\n").expect("the notices come first");
    assert_eq!(told, after_the_notices);
}

/// Whatever was live is gone at the end: what a terminal shows is what a log holds, but for what is only said once.
#[test]
fn live_lines_leave_nothing_behind() {
    for run in [passing(), failing(), mixed(), errored()] {
        let live = play(&run, Format::Human, Style { live: true, ..Style::PLAIN }).out;
        let still = play(&Run { progress: Vec::new(), ..run }, Format::Human, Style::PLAIN).out;
        assert_eq!(screen(&live), still);
    }
}

/// What a tall enough terminal shows in the end.
fn screen(written: &str) -> String {
    let mut lines = vec![String::new()];
    let mut rest = written;
    while let Some(next) = rest.find(['\n', '\u{1b}']) {
        lines.last_mut().expect("never empty").push_str(&rest[..next]);
        rest = &rest[next..];
        if let Some(after) = rest.strip_prefix('\n') {
            lines.push(String::new());
            rest = after;
            continue;
        }
        let up = rest.find("A\r\u{1b}[J").expect("no other sequence is written");
        let number: usize = rest[2..up].parse().expect("a number of lines");
        assert!(lines.last().is_some_and(String::is_empty), "the cursor is at the start of a line");
        lines.truncate(lines.len() - 1 - number);
        lines.push(String::new());
        rest = &rest[up + "A\r\u{1b}[J".len()..];
    }
    lines.last_mut().expect("never empty").push_str(rest);
    lines.join("\n")
}

#[test]
fn json_failing() {
    assert_snapshot!(programs(&failing(), Format::Json));
}

#[test]
fn json_errored() {
    assert_snapshot!(programs(&errored(), Format::Json));
}

#[test]
fn junit_passing() {
    assert_snapshot!(programs(&passing(), Format::Junit));
}

#[test]
fn junit_failing() {
    assert_snapshot!(programs(&failing(), Format::Junit));
}

#[test]
fn junit_errored() {
    assert_snapshot!(programs(&errored(), Format::Junit));
}

#[test]
fn junit_mixed() {
    assert_snapshot!(programs(&mixed(), Format::Junit));
}

#[test]
fn github_failing() {
    assert_snapshot!(programs(&failing(), Format::Github));
}

#[test]
fn github_errored() {
    assert_snapshot!(programs(&errored(), Format::Github));
}

#[test]
fn github_passing_says_nothing() {
    assert_eq!(programs(&passing(), Format::Github), "");
}

#[test]
fn markdown_passing() {
    assert_snapshot!(programs(&passing(), Format::Markdown));
}

#[test]
fn markdown_failing() {
    assert_snapshot!(programs(&failing(), Format::Markdown));
}

#[test]
fn markdown_errored() {
    assert_snapshot!(programs(&errored(), Format::Markdown));
}

#[test]
fn markdown_mixed() {
    assert_snapshot!(programs(&mixed(), Format::Markdown));
}

#[test]
fn formats_are_named_as_on_the_command_line() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(*format));
    }
    assert_eq!(
        "xml".parse::<Format>(),
        Err("expected one of human, json, junit, github, markdown, found `xml`".to_owned())
    );
}
