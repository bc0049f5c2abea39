//! What people and editors read about the language is what the program does.

use std::path::{Path, PathBuf};

use edge_smoke::report::explain;
use scenario::Source;
use verdict::rules::rules;

use crate::program::Program;

/// Set to write what is made from the parser's tables instead of comparing it.
const UPDATE: &str = "EDGE_SMOKE_UPDATE";
/// What ends the part of the reference that is written by hand.
const MARK: &str = "docs -->\n\n";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn guide() -> String {
    std::fs::read_to_string(file("docs/scenarios.md")).unwrap()
}

/// Compares, or writes where that is asked for.
fn up_to_date(name: &str, wanted: &str) {
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(file(name), wanted).unwrap();
    }
    let committed = std::fs::read_to_string(file(name)).unwrap_or_default();
    assert!(committed == wanted, "{name} is out of date: {UPDATE}=1 cargo test --test cli docs writes it");
}

/// The contents of the guide's fenced blocks of YAML.
fn examples() -> Vec<String> {
    let guide = guide();
    let blocks = guide.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_reference_is_that_of_the_parser() {
    let guide = guide();
    let (by_hand, _) = guide.split_once(MARK).unwrap();
    up_to_date("docs/scenarios.md", &format!("{by_hand}{MARK}{}", scenario::reference::scenario()));
}

#[test]
fn the_committed_schema_is_what_the_program_prints() {
    let output = Program::new(&["schema", "scenario"]).output();
    assert_eq!(output.status.code(), Some(0));
    up_to_date("schemas/scenario.json", &String::from_utf8(output.stdout).unwrap());
}

#[test]
fn the_reference_and_the_schema_of_faults_are_those_of_their_reader() {
    let guide = std::fs::read_to_string(file("docs/faults.md")).unwrap();
    let (by_hand, _) = guide.split_once(MARK).unwrap();
    up_to_date("docs/faults.md", &format!("{by_hand}{MARK}{}", edge_smoke::fault::reference()));
    let output = Program::new(&["schema", "fault"]).output();
    assert_eq!(output.status.code(), Some(0));
    up_to_date("schemas/fault.json", &String::from_utf8(output.stdout).unwrap());
}

#[test]
fn every_example_of_a_fault_is_one() {
    let guide = std::fs::read_to_string(file("docs/faults.md")).unwrap();
    let examples = guide.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let mut count = 0;
    for example in examples {
        let text = match example.starts_with("inject:") {
            true => format!("id: x\ntitle: An example\n{example}"),
            false => example.to_owned(),
        };
        // Faults that use others find them in the catalogue.
        let beside = |path: &Path| {
            let path = file("faults").join(path.file_name()?);
            Some(Ok(Source::new(path.display().to_string(), std::fs::read_to_string(path).ok()?)))
        };
        let source = Source::new("docs/faults.md", text);
        if let Err(errors) = edge_smoke::fault::read_all(&[source], &beside) {
            panic!("{}", errors.iter().map(|error| error.render(false)).collect::<String>());
        }
        count += 1;
    }
    assert!(count > 6, "{count}");
}

#[test]
fn every_example_is_a_scenario_or_steps_of_one() {
    let examples = examples();
    assert!(examples.len() > 8, "{}", examples.len());
    for example in examples {
        let text = match example.starts_with("- ") {
            true => format!("name: Example\nsteps:\n{example}"),
            false => example,
        };
        if let Err(errors) = scenario::parse(&Source::new("docs/scenarios.md", text)) {
            panic!("{}", errors.iter().map(|error| error.render(false)).collect::<String>());
        }
    }
}

#[test]
fn the_first_example_passes_as_the_guide_says() {
    let first = examples().into_iter().next().unwrap();
    let answer = Program::new(&["--stack", "embedded", "first.yaml"]).file("first.yaml", first).answer();
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
}

#[test]
fn links_within_the_guide_lead_somewhere() {
    let guide = guide();
    let anchor = |heading: &str| -> String {
        let letters = heading.to_lowercase();
        let letters = letters.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        letters.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    let headings: Vec<String> = guide
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();
    for link in guide.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(headings.iter().any(|heading| heading == link), "#{link}");
    }
}

/// The names in backticks of a page.
fn quoted(page: &str) -> Vec<&str> {
    page.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_table_of_criteria_names_every_scenario_and_none_that_is_not_there() {
    let page = std::fs::read_to_string(file("docs/criteria.md")).unwrap();
    let shipped: Vec<String> = std::fs::read_dir(file("scenarios"))
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().strip_suffix(".yaml")?.to_owned()))
        .collect();
    let names = quoted(&page);
    for name in &shipped {
        assert!(names.contains(&name.as_str()), "docs/criteria.md doesn't say what `{name}` is for");
    }
    for name in names {
        let is_there = if name.contains('/') { file(name).exists() } else { shipped.iter().any(|one| one == name) };
        assert!(is_there, "docs/criteria.md names `{name}`, which isn't there");
    }
    // A row either has something that holds it, or says that nothing does yet.
    for row in page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| criterion") && !line.starts_with("| risk"))
    {
        let (_, held) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        assert!(held.contains('`') || held.starts_with("not there yet: "), "{row}");
    }
}

/// Every code has its page, and there is no page of a code that isn't there any more.
#[test]
fn the_pages_of_findings_are_those_of_the_rules() {
    let mut wanted: Vec<(String, String)> =
        rules().iter().map(|rule| (explain::page_name(rule), explain::page(rule))).collect();
    wanted.push(("README.md".to_owned(), explain::index()));
    let folder = file("docs/findings");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    for (name, text) in &wanted {
        up_to_date(&format!("docs/findings/{name}"), text);
    }
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(wanted.iter().any(|(page, _)| *page == name), "docs/findings/{name} is of a code that isn't there");
    }
}

#[test]
fn links_of_findings_lead_somewhere() {
    for rule in rules() {
        for link in explain::page(rule).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(file("docs/findings").join(link).exists(), "{}: {link}", rule.code);
        }
    }
}

/// Each mistake that a service can be built with is told of as the code has it.
#[test]
fn every_defect_is_in_the_docs() {
    let text = std::fs::read_to_string(file("docs/faults.md")).unwrap();
    let told: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 3).collect();
    for defect in doubles::chat::Defect::ALL {
        let line = format!("| `{}` | {} |", defect.name(), defect.meaning());
        assert!(told.contains(&line.as_str()), "docs/faults.md lacks: {line}");
    }
}
