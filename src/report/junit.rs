//! `junit.xml`, as CI servers read it.
//!
//! One suite a run, one test case a scenario, and one more for the verdict: a stack that did not stand, or a hole found on
//! journeys that all pass, must not look green to whoever counts test cases.

use verdict::Verdict;
use verdict::evidence::{Journey, Outcome, StackFacts};

use super::human::{log, trace};
use super::text::{lines, one_line};
use super::xml::Xml;
use super::{Report, Style};

/// The report as JUnit XML.
pub(super) fn junit(report: &Report) -> String {
    let count = |outcome| report.scenarios.iter().filter(|journey| journey.outcome == outcome).count();
    let (failed, errored) = match report.verdict {
        Verdict::Pass => (0, 0),
        Verdict::Fix | Verdict::Pivot => (1, 0),
        Verdict::Inconclusive => (0, 1),
    };
    let tests = (report.scenarios.len() + 1).to_string();
    let failures = (count(Outcome::Failed) + failed).to_string();
    let errors = (count(Outcome::Errored) + errored).to_string();
    let skipped = count(Outcome::Skipped).to_string();
    let time = seconds(report.duration_ms);
    let started = report.started.to_string();
    let totals = [
        ("name", "edge-smoke"),
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", errors.as_str()),
        ("skipped", skipped.as_str()),
        ("time", time.as_str()),
        ("timestamp", started.as_str()),
    ];
    let mut xml = Xml::new();
    xml.open("testsuites", &totals);
    xml.open("testsuite", &totals);
    properties(&mut xml, report);
    for journey in &report.scenarios {
        case(&mut xml, journey);
    }
    verdict(&mut xml, report);
    xml.finish()
}

fn properties(xml: &mut Xml, report: &Report) {
    xml.open("properties", &[]);
    let mut property = |name: &str, value: &str| xml.leaf("property", &[("name", name), ("value", value)], "");
    property("tool", &format!("{} {}", report.tool.name, report.tool.version));
    if let Some(StackFacts { kind, mode, base_url, services }) = &report.stack {
        property("stack", kind.as_str());
        property("mode", mode.as_str());
        property("base_url", base_url);
        for service in services {
            let parts = [Some(service.kind.as_str()), service.image.as_deref(), service.version.as_deref()];
            let value: Vec<&str> = parts.into_iter().flatten().collect();
            property(&format!("service.{}", service.name), &value.join(" "));
        }
    }
    xml.close();
}

fn case(xml: &mut Xml, journey: &Journey) {
    let time = seconds(journey.duration_ms);
    let attributes = [
        ("name", journey.name.as_str()),
        ("classname", journey.file.as_str()),
        ("file", journey.file.as_str()),
        ("time", time.as_str()),
    ];
    let reason = journey.reason.as_deref().map(one_line);
    let first = journey.steps.iter().flat_map(|step| &step.failures).map(|failure| one_line(&failure.message)).next();
    let message = |fallback: &str| first.clone().or(reason.clone()).unwrap_or_else(|| fallback.to_owned());
    match journey.outcome {
        Outcome::Passed => xml.leaf("testcase", &attributes, ""),
        Outcome::Skipped => {
            xml.open("testcase", &attributes);
            xml.leaf("skipped", &[("message", reason.as_deref().unwrap_or("skipped"))], "");
            xml.close();
        }
        Outcome::Failed | Outcome::Errored => {
            let (element, fallback) = match journey.outcome {
                Outcome::Failed => ("failure", "failed"),
                _ => ("error", "could not be tried"),
            };
            xml.open("testcase", &attributes);
            xml.leaf(element, &[("message", &message(fallback)), ("type", fallback)], &details(journey));
            xml.close();
        }
    }
}

/// The located failures, each step's with its trace, and the logs.
pub(super) fn details(journey: &Journey) -> String {
    let mut blocks = Vec::new();
    for step in journey.steps.iter().filter(|step| !step.failures.is_empty()) {
        blocks.extend(step.failures.iter().map(|failure| lines(&failure.rendered)));
        blocks.push(trace(step, Style::PLAIN));
    }
    blocks.extend(journey.logs.iter().map(|log| self::log(log, Style::PLAIN)));
    blocks.extend(journey.reason.as_deref().map(one_line));
    let blocks: Vec<&str> = blocks.iter().map(|block| block.trim_end()).filter(|block| !block.is_empty()).collect();
    blocks.join("\n\n")
}

fn verdict(xml: &mut Xml, report: &Report) {
    let attributes = [("name", "verdict"), ("classname", "edge-smoke"), ("time", "0.000")];
    let element = match report.verdict {
        Verdict::Pass => return xml.leaf("testcase", &attributes, ""),
        Verdict::Fix | Verdict::Pivot => "failure",
        Verdict::Inconclusive => "error",
    };
    let causes: Vec<String> =
        report.findings.iter().map(|finding| one_line(&format!("{}: {}", finding.code, finding.cause))).collect();
    xml.open("testcase", &attributes);
    let message = format!("{}: {}", report.verdict.as_str(), one_line(&report.reason));
    xml.leaf(element, &[("message", &message), ("type", report.verdict.as_str())], &causes.join("\n"));
    xml.close();
}

/// Seconds with milliseconds, as JUnit has them.
fn seconds(milliseconds: f64) -> String {
    let milliseconds = if milliseconds.is_finite() { milliseconds.max(0.0) } else { 0.0 };
    format!("{:.3}", milliseconds / 1000.0)
}
