//! What a file says, and what is wrong with one.

use std::path::Path;

use scenario::Source;
use scenario::model::Mode;
use verdict::{Class, Verdict};

use super::*;

fn parse(inject: &str) -> Result<Inject, String> {
    let text = format!("id: x\ntitle: t\ninject: {inject}\n");
    read(&Source::new("x.yaml", text)).map(|fault| fault.inject).map_err(|errors| rendered(&errors))
}

fn rendered(errors: &[scenario::Diagnostic]) -> String {
    errors.iter().map(|error| error.render(false)).collect::<Vec<_>>().join("\n")
}

/// All faults of a folder with these files.
fn parse_all(files: &[(&str, &str)]) -> Result<Vec<Fault>, String> {
    let source =
        |(name, text): &(&str, &str)| Source::new(format!("f/{name}.yaml"), format!("id: {name}\ntitle: t\n{text}\n"));
    let sources: Vec<_> = files.iter().map(source).collect();
    let beside =
        |path: &Path| sources.iter().find(|source| Path::new(&source.name) == path).map(|source| Ok(source.clone()));
    read_all(&sources, &beside).map_err(|errors| rendered(&errors))
}

#[test]
fn what_is_expected_is_read_with_what_goes_without_saying() {
    let expected = |text: &str| {
        let faults = parse_all(&[("x", &format!("inject: {{ stop: [ci] }}\nexpect: {text}"))])?;
        Ok::<_, String>(faults[0].expect.clone())
    };
    let found = expected("{ verdict: FIX, findings: [edge/a, [edge/b, edge/c]] }").unwrap().unwrap();
    assert_eq!((found.verdict, found.class), (Verdict::Fix, Class::Fixable));
    assert_eq!(found.findings, [vec!["edge/a".to_owned()], vec!["edge/b".to_owned(), "edge/c".to_owned()]]);
    let found = expected("{ verdict: FIX, class: security, findings: [edge/a] }").unwrap().unwrap();
    assert_eq!(found.class, Class::Security);
    assert_eq!(expected("{ verdict: PASS }").unwrap(), Some(Expectation::pass()));
    for (text, message) in [
        ("{ verdict: FIXED, findings: [a] }", "unknown `verdict` `FIXED`"),
        ("{ verdict: FIX }", "an `expect` must have the key `findings`"),
        ("{ verdict: PASS, findings: [a] }", "with PASS nothing is found but notes"),
        ("{ verdict: PASS, class: fixable }", "a finding of class fixable is no PASS"),
        ("{ verdict: INCONCLUSIVE, class: fixable, findings: [a] }", "did you mean `infrastructure`?"),
        ("{ findings: [a] }", "must have the key `verdict`"),
        ("{ verdict: FIX, findings: [] }", "`findings` is empty"),
    ] {
        let error = expected(text).unwrap_err();
        assert!(error.contains(message) && error.contains("f/x.yaml:4:"), "{text}: {error}");
    }
}

#[test]
fn several_at_once_are_the_sum_of_each() {
    let a = "inject: { env: { ci: { A: 1 } } }\nexpect: { verdict: FIX, findings: [x/a] }";
    let b = "inject: { env: { ci: { B: 1 } }, stop: [forge] }\nexpect: { verdict: INCONCLUSIVE, findings: [x/b] }";
    let faults = parse_all(&[("a", a), ("b", b), ("both", "inject: { use: [a, b] }")]).unwrap();
    let both = &faults[2];
    assert_eq!(both.inject.environment[&Service::Ci].len(), 2);
    assert!(both.inject.stop.contains(&Service::Forge));
    let expected = both.expect.as_ref().unwrap();
    assert_eq!((expected.verdict, expected.findings.len()), (Verdict::Inconclusive, 2));
    let contrary = "inject: { env: { ci: { A: 2 } } }";
    for (text, message) in [
        ("inject: { use: [a, contrary] }", "`contrary` contradicts what is there beside it: both say what ci's A is"),
        ("inject: { use: [nobody] }", "there is no fault `nobody` to use"),
        ("inject: { use: [../x] }", "there is no fault `../x` to use"),
        ("inject: { use: [both] }", "`both` itself uses others"),
        ("inject: { use: [] }", "`use` is empty"),
    ] {
        let files = [("a", a), ("b", b), ("both", "inject: { use: [a, b] }"), ("contrary", contrary), ("x", text)];
        let error = parse_all(&files).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn names_are_plain_and_each_its_own() {
    for name in ["A", "../x", "", "a b", "a.b", &"x".repeat(81)] {
        let text = format!("id: '{name}'\ntitle: t\ninject: {{ stop: [ci] }}\n");
        let errors = read(&Source::new("x.yaml", text)).unwrap_err();
        assert!(rendered(&errors).contains("small letters, digits and hyphens"), "{name}");
    }
    let file = ("x", "inject: { stop: [ci] }");
    assert!(parse_all(&[file, file]).unwrap_err().contains("there is another fault `x`"));
}

#[test]
fn what_is_set_wrong_becomes_options() {
    let inject = parse(
        "{ env: { ci: { A: 1, B: null } }, routes: { forge: { strip_prefix: false, max_body: 10 }, chat-bare: null }, \
         oauth: { ci: { redirect_uris: ['${edge}/authorize'] } }, stop: [staging] }",
    )
    .unwrap();
    let services: Vec<&str> = inject.services().iter().map(|service| service.as_str()).collect();
    assert_eq!(services, ["forge", "ci", "chat", "staging"]);
    let mut options = StackOptions::new(Mode::Subpath);
    options.environment.entry(Service::Ci).or_default().insert("C".to_owned(), Some("kept".to_owned()));
    let options = inject.into_options(options);
    let settings: Vec<_> =
        options.environment[&Service::Ci].iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    assert_eq!(settings, [("A", Some("1")), ("B", None), ("C", Some("kept"))]);
    let forge = options.routes["forge"].as_ref().unwrap();
    assert_eq!((forge.strip_prefix, forge.max_body, forge.websocket), (Some(false), Some(Some(10)), None));
    assert_eq!(options.routes["chat-bare"], None);
    assert_eq!(
        options.applications[&Service::Ci].redirect_uris.as_deref(),
        Some(&["${edge}/authorize".to_owned()][..])
    );
    assert!(options.stop.contains(&Service::Staging));
}

#[test]
fn what_is_wrong_with_a_file_is_located() {
    for (inject, expected) in [
        ("{}", "`inject` is empty"),
        ("{ enf: { ci: {} } }", "did you mean `env`?"),
        ("{ env: { cj: { A: 1 } } }", "there is no service `cj`"),
        ("{ env: { ci: { A: [1] } } }", "wrong value for `A`"),
        ("{ routes: { ci: { strip: true } } }", "unknown key `strip`"),
        ("{ routes: { ci: { strip_prefix: maybe } } }", "wrong value for `strip_prefix`"),
        ("{ routes: { ci: { cookies: some } } }", "unknown `cookies` `some`"),
        ("{ oauth: { ci: { redirect_uris: [] } } }", "`redirect_uris` is empty"),
        ("{ stop: [ci, wiki] }", "there is no service `wiki`"),
        ("{ stop: ci }", "wrong value for `stop`"),
    ] {
        let error = parse(inject).unwrap_err();
        assert!(error.contains(expected) && error.contains("x.yaml:3:"), "{inject}: {error}");
    }
}

#[test]
fn every_file_is_read_and_has_its_own_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let source = Source::new(path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        let draft = super::read::draft(&source).unwrap_or_else(|errors| panic!("{}", errors[0].render(false)));
        assert_eq!(draft.fault.id, path.file_stem().unwrap().to_string_lossy());
        count += 1;
    }
    assert!(count > 0);
}
