//! What a file says, and what is wrong with one.

use std::path::Path;

use scenario::Source;
use scenario::model::Mode;

use super::*;

fn parse(inject: &str) -> Result<Inject, String> {
    let text = format!("id: x\ntitle: t\ninject: {inject}\n");
    read(&Source::new("x.yaml", text))
        .map(|fault| fault.inject)
        .map_err(|errors| errors.iter().map(|error| error.render(false)).collect::<Vec<_>>().join("\n"))
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
        let source = Source::new(path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        let fault = read(&source).unwrap_or_else(|errors| panic!("{}", errors[0].render(false)));
        assert_eq!(fault.id, path.file_stem().unwrap().to_string_lossy());
        count += 1;
    }
    assert!(count > 0);
}
