//! The scenario language, feature by feature: what passes, and how what fails is shown.

mod captures;
mod conditions;
mod cookies;
mod forms;
mod pace;
mod predicates;
mod redirects;
mod requests;
mod retries;
mod reuse;
mod selection;
mod timeouts;
mod variables;

use serde_json::Value;

use crate::program::{Program, filtered, shown};
use crate::server::{Request, Server};

/// A call of the program on a site that is well, being put together.
struct Call {
    server: Server,
    arguments: Vec<String>,
    files: Vec<(String, String)>,
}

/// What came of it.
struct Walked {
    /// The exit code.
    exit: Option<i32>,
    /// Exit code, standard output and standard error.
    answer: String,
    /// `report.json`; null where none was written.
    report: Value,
    /// The requests that the server has seen.
    requests: Vec<Request>,
    /// The same, a line each.
    lines: Vec<String>,
}

impl Call {
    /// With these arguments besides the site's address.
    fn new(arguments: &[&str]) -> Self {
        let server = Server::start();
        let base = ["--no-probe".to_owned(), "--base-url".to_owned(), server.origin.clone()];
        Self {
            arguments: base.into_iter().chain(arguments.iter().map(|text| (*text).to_owned())).collect(),
            server,
            files: Vec::new(),
        }
    }

    /// With a file.
    fn file(mut self, name: &str, content: &str) -> Self {
        self.files.push((name.to_owned(), content.to_owned()));
        self
    }

    /// With a scenario of these steps.
    fn scenario(self, name: &str, steps: &str) -> Self {
        let title = name.trim_end_matches(".yaml").replace(['/', '-'], " ");
        self.file(name, &format!("name: {title}\nsteps:\n{steps}"))
    }

    /// Runs the program to its end.
    fn run(self) -> Walked {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut program = Program::new(&arguments);
        for (name, content) in &self.files {
            program = program.file(name, content);
        }
        let output = program.output();
        let report = program.find("reports/latest/report.json");
        Walked {
            exit: output.status.code(),
            answer: shown(&output),
            report: report.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap()),
            requests: self.server.journeys(),
            lines: self.server.walked(),
        }
    }
}

impl Walked {
    /// Asserts that the verdict is PASS.
    fn passed(self) -> Self {
        assert_eq!(self.exit, Some(0), "{}", self.answer);
        self
    }

    /// Asserts that the verdict is FIX; all located errors of the run, as the report has them.
    fn errors(&self) -> String {
        assert_eq!(self.exit, Some(1), "{}", self.answer);
        self.located()
    }

    /// All located errors of the run, as the report has them.
    fn located(&self) -> String {
        let rendered: Vec<&str> =
            self.failures().map(|failure| failure["rendered"].as_str().unwrap().trim_end()).collect();
        filtered(&rendered.join("\n\n"))
    }

    fn failures(&self) -> impl Iterator<Item = &Value> {
        let scenarios = self.report["scenarios"].as_array().unwrap().iter();
        let steps = scenarios.flat_map(|scenario| scenario["steps"].as_array().unwrap());
        steps.filter_map(|step| step["failures"].as_array()).flatten()
    }

    /// Something of the report.
    fn at(&self, pointer: &str) -> &Value {
        self.report.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {:#}", self.report))
    }

    /// How each step of the first scenario ended, and why.
    fn steps(&self) -> Vec<String> {
        self.at("/scenarios/0/steps").as_array().unwrap().iter().map(outcome).collect()
    }

    /// How each scenario ended, and why.
    fn scenarios(&self) -> Vec<String> {
        self.at("/scenarios").as_array().unwrap().iter().map(outcome).collect()
    }
}

/// `skipped: not in subpath mode`
fn outcome(record: &Value) -> String {
    let outcome = record["outcome"].as_str().unwrap();
    record["reason"].as_str().map_or(outcome.to_owned(), |reason| format!("{outcome}: {reason}"))
}

/// Walks a scenario of these steps.
fn walk(steps: &str) -> Walked {
    Call::new(&["journey.yaml"]).scenario("journey.yaml", steps).run()
}

/// Asserts that each of these expectations holds of what `step` gives.
fn hold(step: &str, expectations: &[&str]) {
    let steps: String =
        expectations.iter().map(|expectation| format!("  - {step}\n    expect: {{ {expectation} }}\n")).collect();
    let walked = walk(&steps).passed();
    assert_eq!(walked.steps(), vec!["passed"; expectations.len()]);
}

/// Asserts that none of these expectations holds of what `step` gives; the located errors.
fn fail(step: &str, expectations: &[&str]) -> String {
    let mut call = Call::new(&["all"]);
    for (number, expectation) in expectations.iter().enumerate() {
        call =
            call.scenario(&format!("all/{number:02}.yaml"), &format!("  - {step}\n    expect: {{ {expectation} }}\n"));
    }
    let walked = call.run();
    assert_eq!(walked.failures().count(), expectations.len(), "{}", walked.answer);
    assert_eq!(walked.scenarios(), vec!["failed"; expectations.len()]);
    walked.errors()
}
