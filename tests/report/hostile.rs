//! The site, the file names and the logs are not ours: whatever they hold, each format stays what it is.

use edge_smoke::report::{Format, Report, Style};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;
use verdict::evidence::Outcome;

use crate::play::{Run, play};
use crate::runs::{errored, failing, mixed};

/// Texts that formats trip over, and any others.
fn texts() -> impl Strategy<Value = String> {
    let nasty = proptest::sample::select(vec![
        "]]>",
        "<![CDATA[",
        "::error::x",
        "\n::warning::y",
        "%0A",
        "a,b:c",
        "| x | y |",
        "```\n````",
        "</details>",
        "\u{1b}[2J\u{1b}[31m",
        "\u{9b}2J",
        "\r\n",
        "\0",
        "\u{fffe}\u{ffff}",
        "\u{2028}\u{2029}\u{85}\u{0b}\u{0c}",
        "&amp;&#0;",
        "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
        "👩‍👩‍👧‍👦e\u{301}",
        "\u{202e}txt.exe",
        "{{x}}",
        "::stop-commands::x",
        "##[add-mask]x",
        "x ::error::y z",
    ]);
    let piece = prop_oneof![nasty.prop_map(str::to_owned), "\\PC{0,30}", any::<String>()];
    proptest::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    /// The made-up runs with their texts replaced.
    fn runs()(mut run in prop_oneof![Just(0), Just(1), Just(2)].prop_map(run), texts in proptest::collection::vec(texts(), 8)) -> Run {
        let mut next = texts.iter().cycle().cloned();
        let mut text = || next.next().unwrap_or_default();
        run.notices = vec![text()];
        run.progress = vec![text()];
        for service in run.stack.iter_mut().flat_map(|stack| &mut stack.services) {
            (service.name, service.image, service.version) = (text(), Some(text()), Some(text()));
        }
        for trouble in &mut run.troubles {
            (trouble.message, trouble.help, trouble.log) = (text(), Some(text()), vec![text(), text()]);
        }
        for (journey, diagnostics) in &mut run.journeys {
            (journey.name, journey.file) = (text(), text());
            journey.reason = journey.reason.as_ref().map(|_| text());
            for log in &mut journey.logs {
                (log.service, log.lines) = (text(), vec![text(), text()]);
            }
            for diagnostic in diagnostics {
                (diagnostic.message, diagnostic.found) = (text(), Some(text()));
            }
            for step in &mut journey.steps {
                (step.title, step.file) = (text(), text());
                for failure in &mut step.failures {
                    (failure.message, failure.rendered, failure.file) = (text(), text(), text());
                    (failure.found, failure.help) = (Some(text()), Some(text()));
                }
                for exchange in &mut step.trace {
                    exchange.request.url = text();
                    exchange.error = Some(text());
                    for header in exchange.response.iter_mut().flat_map(|response| &mut response.headers) {
                        header.1 = text();
                    }
                    for cookie in exchange.response.iter_mut().flat_map(|response| &mut response.set_cookies) {
                        (cookie.name, cookie.path, cookie.refused) = (text(), Some(text()), Some(text()));
                    }
                }
            }
        }
        run
    }
}

fn run(which: i32) -> Run {
    match which {
        0 => failing(),
        1 => errored(),
        _ => mixed(),
    }
}

fn written(run: &Run, format: Format) -> String {
    let answer = play(run, format, Style::PLAIN);
    assert!(answer.result.is_ok());
    answer.out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn junit_is_well_formed_and_counts_right(run in runs()) {
        let xml = written(&run, Format::Junit);
        let document = roxmltree::Document::parse(&xml).map_err(|error| TestCaseError::fail(format!("{error}\n{xml}")))?;
        let suite = document.root_element().first_element_child().expect("a suite");
        for (attribute, element) in [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
            let number = document.descendants().filter(|node| node.has_tag_name(element)).count();
            prop_assert_eq!(suite.attribute(attribute).and_then(|value| value.parse().ok()), Some(number));
        }
        let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
        for (case, (journey, _)) in cases.zip(&run.journeys) {
            let allowed = |character: &char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
            let name: String = journey.name.chars().filter(allowed).collect();
            prop_assert_eq!(case.attribute("name"), Some(name.as_str()));
        }
    }

    #[test]
    fn annotations_are_one_line_each(run in runs()) {
        let text = written(&run, Format::Github);
        let report = run.report();
        let failures: usize = report.scenarios.iter().flat_map(|journey| &journey.steps).map(|step| step.failures.len()).sum();
        let findings = report.findings.iter().filter(|finding| finding.code != "unexplained").count();
        prop_assert_eq!(text.split_terminator('\n').count(), failures + findings);
        for line in text.split_terminator('\n') {
            prop_assert!(!line.contains(|character: char| character.is_control()), "{line:?}");
            let (command, rest) = line.trim_start_matches("::").split_once(' ').expect("a command with properties");
            prop_assert!(["error", "warning", "notice"].contains(&command));
            let (properties, _) = rest.split_once("::").expect("a message");
            for property in properties.split(',') {
                prop_assert!(
                    ["file=", "line=", "col=", "title="].iter().any(|name| property.starts_with(name)) && !property.contains(':'),
                    "{line:?}"
                );
            }
        }
    }

    #[test]
    fn people_see_no_control_characters_and_no_line_starts_a_command(run in runs()) {
        let text = written(&run, Format::Human);
        prop_assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
        prop_assert!(!text.contains("##["), "{text:?}");
        for line in text.lines().map(str::trim_start) {
            prop_assert!(!line.starts_with("::") || line.starts_with(":::"), "{line:?}");
        }
    }

    #[test]
    fn rows_never_exceed_the_width(run in runs(), width in 1..200_usize) {
        let style = Style { width, ..Style::PLAIN };
        let text = play(&run, Format::Human, style).out;
        let measure = width.clamp(40, 120);
        for line in text.lines().filter(|line| ["PASS    ", "FAIL    ", "SKIP    ", "ERROR   "].iter().any(|word| line.starts_with(word))).take(run.journeys.len()) {
            prop_assert!(line.width() <= measure, "{} cells: {line:?}", line.width());
        }
    }

    #[test]
    fn live_lines_never_wrap(run in runs(), width in 1..200_usize) {
        let style = Style { width, live: true, ..Style::PLAIN };
        let text = play(&run, Format::Human, style).out;
        for line in text.lines().filter(|line| line.contains('…') || line.contains(" done")) {
            let Some(live) = line.strip_prefix("…       ") else { continue };
            prop_assert!(live.width() + 8 < width.max(9), "{} cells: {live:?}", live.width());
        }
    }

    #[test]
    fn markdown_keeps_its_table(run in runs()) {
        let text = written(&run, Format::Markdown);
        let rows: Vec<&str> = text.lines().skip_while(|line| *line != "|---|---|---|---:|---:|").skip(1).take(run.journeys.len()).collect();
        prop_assert_eq!(rows.len(), run.journeys.len());
        for row in rows {
            let cells = row.replace("\\\\", "").replace("\\|", "").matches('|').count();
            prop_assert_eq!(cells, 6, "{}", row);
        }
        let bad = run.journeys.iter().filter(|(journey, _)| matches!(journey.outcome, Outcome::Failed | Outcome::Errored));
        prop_assert!(text.matches("<details><summary>").count() >= bad.count());
    }

    #[test]
    fn json_reads_back(run in runs()) {
        prop_assert_eq!(Report::from_json(&written(&run, Format::Json)).expect("a report"), run.report());
    }
}
