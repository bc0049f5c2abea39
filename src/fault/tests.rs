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
    let found = expected("{ verdict: FIX, findings: [edge/prefix-kept, [edge/prefix-stripped, unexplained]] }")
        .unwrap()
        .unwrap();
    assert_eq!((found.verdict, found.class), (Verdict::Fix, Class::Fixable));
    assert_eq!(
        found.findings,
        [vec!["edge/prefix-kept".to_owned()], vec!["edge/prefix-stripped".to_owned(), "unexplained".to_owned()]]
    );
    let found = expected("{ verdict: FIX, class: security, findings: [edge/admin-open] }").unwrap().unwrap();
    assert_eq!(found.class, Class::Security);
    assert_eq!(expected("{ verdict: PASS }").unwrap(), Some(Expectation::pass()));
    for (text, message) in [
        ("{ verdict: FIXED, findings: [unexplained] }", "unknown `verdict` `FIXED`"),
        ("{ verdict: FIX }", "an `expect` must have the key `findings`"),
        ("{ verdict: PASS, findings: [unexplained] }", "with PASS nothing is found but notes"),
        ("{ verdict: PASS, class: fixable }", "a finding of class fixable is no PASS"),
        ("{ verdict: INCONCLUSIVE, class: fixable, findings: [unexplained] }", "did you mean `infrastructure`?"),
        ("{ findings: [unexplained] }", "must have the key `verdict`"),
        ("{ verdict: FIX, findings: [] }", "`findings` is empty"),
        ("{ verdict: FIX, findings: [edge/prefix-striped] }", "did you mean `edge/prefix-stripped`?"),
        ("{ verdict: FIX, findings: [[unexplained, 7]] }", "wrong value for a code"),
    ] {
        let error = expected(text).unwrap_err();
        assert!(error.contains(message) && error.contains("f/x.yaml:4:"), "{text}: {error}");
    }
}

#[test]
fn several_at_once_are_the_sum_of_each() {
    let a = "inject: { env: { ci: { A: 1 } } }\nexpect: { verdict: FIX, findings: [edge/prefix-kept] }";
    let b =
        "inject: { env: { ci: { B: 1 } }, stop: [forge] }\nexpect: { verdict: INCONCLUSIVE, findings: [service/down] }";
    let faults = parse_all(&[("a", a), ("b", b), ("both", "inject: { use: [a, b] }")]).unwrap();
    let both = &faults[2];
    assert_eq!(both.inject.environment[&Service::Ci].len(), 2);
    assert!(both.inject.stop.contains(&Service::Forge));
    let expected = both.expect.as_ref().unwrap();
    assert_eq!((expected.verdict, expected.findings.len()), (Verdict::Inconclusive, 2));
    let moved = |name: &'static str, mode: &str| (name, format!("inject: {{ mode: {mode}, stop: [ci] }}"));
    let (here, there) = (moved("here", "subpath"), moved("there", "subdomain"));
    let modes = [(here.0, here.1.as_str()), (there.0, there.1.as_str()), ("x", "inject: { use: [here, there] }")];
    assert!(parse_all(&modes).unwrap_err().contains("both say what the mode is"));
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
         oauth: { ci: { redirect_uris: ['${edge}/authorize'] } }, stop: [staging], tamper: { echo: { set_status: 500 } } }",
    )
    .unwrap();
    let services: Vec<&str> = inject.services().iter().map(|service| service.as_str()).collect();
    assert_eq!(services, ["forge", "ci", "chat", "staging", "echo"]);
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
    assert_eq!(options.mode, Mode::Subpath);
    let moved = parse("{ mode: subdomain, stop: [staging] }").unwrap().into_options(StackOptions::new(Mode::Subpath));
    assert_eq!(moved.mode, Mode::Subdomain);
}

#[test]
fn mistakes_of_services_become_options() {
    let options = |inject: &str| parse(inject).unwrap().into_options(StackOptions::new(Mode::Subpath)).defects;
    let names =
        |inject: &str| options(inject)[&Service::Chat].iter().map(|defect| defect.name()).collect::<Vec<_>>().join(" ");
    assert_eq!(names("{ defects: { chat: [state-unbound, origin-unchecked] } }"), "origin-unchecked state-unbound");
    assert_eq!(names("{ defects: { chat: [answer-at-once] } }"), "answer-at-once");
    // The double all the same.
    assert_eq!(names("{ defects: { chat: none } }"), "");
    assert!(options("{ stop: [ci] }").is_empty());
    let both = parse_all(&[
        ("a", "inject: { defects: { chat: [state-unbound] } }"),
        ("b", "inject: { defects: { chat: [answer-at-once] } }"),
        ("c", "inject: { use: [a, b] }"),
    ]);
    assert_eq!(both.unwrap()[2].inject.defects[&Service::Chat].len(), 2);
}

#[test]
fn what_is_wrong_with_a_file_is_located() {
    for (inject, expected) in [
        ("{}", "`inject` is empty"),
        ("{ enf: { ci: {} } }", "did you mean `env`?"),
        ("{ mode: subdomains }", "did you mean `subdomain`?"),
        ("{ mode: [subdomain] }", "wrong value for `mode`"),
        ("{ env: { cj: { A: 1 } } }", "there is no service `cj`"),
        ("{ env: { ci: { A: [1] } } }", "wrong value for `A`"),
        ("{ routes: { ci: { strip: true } } }", "unknown key `strip`"),
        ("{ routes: { ci: { strip_prefix: maybe } } }", "wrong value for `strip_prefix`"),
        ("{ routes: { ci: { cookies: some } } }", "unknown `cookies` `some`"),
        ("{ oauth: { ci: { redirect_uris: [] } } }", "`redirect_uris` is empty"),
        ("{ stop: [ci, wiki] }", "there is no service `wiki`"),
        ("{ defects: { chat: [origin-uncheked] } }", "did you mean `origin-unchecked`?"),
        ("{ defects: { chat: [wings] } }", "it is one of `origin-unchecked`, `actions-origin-unchecked`"),
        ("{ defects: { chat: answer-at-once } }", "wrong value for `chat`"),
        ("{ defects: { chat: [] } }", "`chat` is empty"),
        ("{ defects: { forge: [origin-unchecked] } }", "unknown key `forge`"),
        ("{ defects: [origin-unchecked] }", "wrong value for `defects`"),
        ("{ stop: ci }", "wrong value for `stop`"),
        ("{ routes: { registry: null } }", "did you mean `forge-registry`?"),
        ("{ routes: { bare-chat: { strip_prefix: true } } }", "did you mean `chat-bare`?"),
        ("{ routes: { mine: { upstream: 'x:1' } } }", "can be added: give it a `path`"),
        ("{ routes: { mine: { path: /x/* } } }", "leads nowhere"),
        ("{ routes: { Mine: { path: /x/*, service: ci } } }", "can't be the name of a route"),
        ("{ routes: { mine: { path: 'x', service: ci } } }", "wrong value for `path`"),
        ("{ routes: { mine: { path: '/x*', service: ci } } }", "wrong value for `path`"),
        ("{ routes: { mine: { path: /x, service: wiki } } }", "there is no service `wiki`"),
        ("{ routes: { ci: { strip_prefix: ci } } }", "wrong value for `strip_prefix`"),
        ("{ routes: { ci: { strip_prefix: true, add_prefix: /x } } }", "exclude each other"),
        ("{ routes: { ci: { redirect: /x, respond: 404 } } }", "exclude each other"),
        ("{ routes: { ci: { redirect: { to: /x, status: 200 } } } }", "wrong value for `status`"),
        ("{ routes: { mine: { path: '/a b', service: ci } } }", "the route `mine` can't be so: expected a path"),
        ("{ routes: { forge-bare: { strip_prefix: true } } }", "the route `forge-bare` can't be so: the edge answers"),
        ("{ routes: { ci: { upstream: 'http://x:1' } } }", "the route `ci` can't be so: expected `HOST:PORT`"),
        ("{ routes: { ci: { redirect: 'x' } } }", "the route `ci` can't be so: expected a path of the same host"),
        ("{ routes: { ci: { path: '/forge/*' } } }", "can't be so"),
        ("{ routes: { ci: { headers: { 'a b': x } } } }", "is not the name of a header field"),
        ("{ caddyfile: [ { replace: '', with: x } ] }", "`replace` is empty"),
        ("{ caddyfile: [ { replace: x } ] }", "must have the key `with`"),
        ("{ oauth: { ci: { client_secret: x, rotate_secret: true } } }", "exclude each other"),
        ("{ tamper: { edge: { set_status: 500 } } }", "nothing stands between the edge and `edge`"),
        ("{ tamper: { forgejo: { set_status: 500 } } }", "there is no service `forgejo`"),
        ("{ tamper: { ci: [] } }", "is empty"),
        ("{ tamper: { ci: [ { on: response } ] } }", "the rule does nothing"),
        ("{ tamper: { ci: [ { on: answer, delay_ms: 1 } ] } }", "unknown `on` `answer`"),
        ("{ tamper: { ci: [ { replace_bodies: { find: x, with: y } } ] } }", "did you mean `replace_body`?"),
        ("{ tamper: { ci: [ { replace_body: { find: '(', with: y } } ] } }", "`find` is not a pattern: unclosed group"),
        ("{ tamper: { ci: [ { replace_body: { find: x } } ] } }", "must have the key `with`"),
        ("{ tamper: { ci: [ { match_path: '[', delay_ms: 1 } ] } }", "`match_path` is not a pattern"),
        ("{ tamper: { ci: [ { set_header: { 'a b': x } } ] } }", "not the name of a header field"),
        ("{ tamper: { ci: [ { set_header: { Content-Length: 1 } } ] } }", "where the message ends"),
        ("{ tamper: { ci: [ { set_header: { X: \"a\\nb\" } } ] } }", "can't stand in a header field"),
        ("{ tamper: { ci: [ { set_header: {} } ] } }", "`set_header` is empty"),
        ("{ tamper: { ci: [ { set_status: 99 } ] } }", "wrong value for `set_status`"),
        ("{ tamper: { ci: [ { delay_ms: -1 } ] } }", "wrong value for `delay_ms`"),
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

#[test]
fn routes_may_be_added_and_answer_otherwise() {
    let inject = parse(
        "{ routes: { user: { path: /user/*, redirect: '/forge{uri}' }, \
         mine: { path: /mine/*, service: ci, strip_prefix: /mine, headers: { X-A: 1, X-B: null }, host_header: ci }, \
         root: { respond: 200 }, forge: { upstream: 'ci:8000', remove_headers: [] } } }",
    );
    let error = inject.unwrap_err();
    assert!(error.contains("`remove_headers` is empty") && error.matches("error").count() == 1, "{error}");
    let inject = parse(
        "{ routes: { user: { path: /user/*, redirect: '/forge{uri}' }, \
         mine: { path: /mine/*, service: ci, strip_prefix: /mine, headers: { X-A: 1, X-B: null }, host_header: ci }, \
         root: { respond: 200 }, forge: { upstream: 'ci:8000', remove_headers: X-C } } }",
    )
    .unwrap();
    let change = |name: &str| inject.routes[name].clone().unwrap();
    assert_eq!(change("user").redirect, Some(("/forge{uri}".to_owned(), 302)));
    assert_eq!(change("root").respond, Some((200, String::new())));
    let mine = change("mine");
    assert_eq!((mine.path.as_deref(), mine.service.as_deref()), (Some("/mine/*"), Some("ci")));
    assert_eq!(mine.edit, Some(routes::PathEdit::Strip("/mine".to_owned())));
    let headers = [("X-A", Some("1")), ("X-B", None), ("Host", Some("ci"))];
    assert_eq!(mine.headers.unwrap(), headers.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))));
    assert_eq!(change("forge").remove_headers, Some(vec!["X-C".to_owned()]));
    assert!(inject.services().contains(&Service::Ci) && inject.services().contains(&Service::Forge));
}

#[test]
fn the_caddyfile_and_applications_are_changed_as_said() {
    let inject = parse(
        "{ caddyfile: { replace: admin off, with: 'admin 0.0.0.0:2019' }, \
         oauth: { ci: { redirect_uris: '${edge}/authorize', client_secret: old } } }",
    )
    .unwrap();
    let [change] = &inject.caddyfile[..] else { panic!("{inject:?}") };
    assert_eq!((change.replace.as_str(), change.place.as_deref()), ("admin off", Some("x.yaml:3:33")));
    let application = &inject.applications[&Service::Ci];
    assert_eq!(application.redirect_uris.as_deref(), Some(&["${edge}/authorize".to_owned()][..]));
    assert_eq!((application.client_secret.as_deref(), application.rotate_secret), (Some("old"), false));
}

#[test]
fn where_a_fault_can_not_be_expressed_is_told_beforehand() {
    use scenario::model::StackKind::{Containers, Embedded, External};
    let ours = [Service::Edge, Service::Forge, Service::Ci, Service::CiAgent, Service::Staging, Service::Echo].into();
    for (inject, kind, mode, expected) in [
        ("{ stop: [ci] }", Embedded, Mode::Subpath, None),
        ("{ stop: [ci] }", External, Mode::Subpath, Some("somebody else runs")),
        ("{ routes: { chat-bare: null } }", Containers, Mode::Subpath, Some("stack has no chat")),
        ("{ tamper: { chat: { delay_ms: 1 } } }", Embedded, Mode::Subpath, Some("stack has no chat")),
        ("{ caddyfile: [ { replace: a, with: b } ] }", Embedded, Mode::Subpath, Some("only a stack of containers")),
        ("{ caddyfile: [ { replace: a, with: b } ] }", Containers, Mode::Subpath, None),
        ("{ env: { staging: { A: 1 } } }", Embedded, Mode::Subpath, Some("staging takes no settings")),
        ("{ env: { staging: { A: 1 } } }", Containers, Mode::Subpath, None),
        (
            "{ env: { forge: { GITEA__server__HTTP_PORT: 1 } } }",
            Embedded,
            Mode::Subpath,
            Some("the forge double doesn't know"),
        ),
        ("{ env: { forge: { GITEA__server__HTTP_PORT: 1 } } }", Containers, Mode::Subpath, None),
        ("{ env: { forge: { GITEA__server__ROOT_URL: '${edge}/' } } }", Embedded, Mode::Subpath, None),
        ("{ env: { forge: { GITEA__server__ROOT_URL: nonsense } } }", Embedded, Mode::Subpath, None),
        ("{ env: { ci: { WOODPECKER_FOO: 1 } } }", Embedded, Mode::Subpath, Some("the ci double doesn't know")),
        ("{ env: { ci: { WOODPECKER_HOST: 'http://x' } } }", Embedded, Mode::Subpath, None),
        ("{ env: { ci: { WOODPECKER_EXPERT_WEBHOOK_HOST: null } } }", Embedded, Mode::Subpath, None),
        ("{ env: { ci: { WOODPECKER_EXPERT_FORGE_OAUTH_HOST: 'http://x' } } }", Embedded, Mode::Subpath, None),
        ("{ env: { ci: { WOODPECKER_FORGEJO_URL: 'http://x' } } }", Embedded, Mode::Subpath, None),
        ("{ env: { ci-agent: { WOODPECKER_SERVER: 'edge.test:80' } } }", Embedded, Mode::Subpath, None),
        (
            "{ env: { ci-agent: { WOODPECKER_FOO: x } } }",
            Embedded,
            Mode::Subpath,
            Some("the ci-agent double doesn't know"),
        ),
        ("{ routes: { root: null } }", Embedded, Mode::Subpath, None),
        ("{ stop: [edge] }", Embedded, Mode::Subpath, Some("can't be stopped by itself")),
        ("{ stop: [edge] }", Containers, Mode::Subpath, None),
        ("{ oauth: { forge: { client_secret: x } } }", Containers, Mode::Subpath, Some("registers no application")),
        ("{ routes: { root: null } }", Embedded, Mode::Subdomain, Some("no route `root`")),
        ("{ routes: { ci: { strip_prefix: true } } }", Embedded, Mode::Subdomain, Some("no prefix to strip")),
        ("{ routes: { mine: { path: /x, service: ci } } }", Embedded, Mode::Subdomain, None),
        ("{ routes: { mine: { path: /x, service: chat } } }", Embedded, Mode::Subdomain, Some("stack has no chat")),
        ("{ routes: { ci: { service: chat } } }", Embedded, Mode::Subpath, Some("stack has no chat")),
    ] {
        let found = parse(inject).unwrap().inapplicable(kind, mode, &ours);
        assert!(
            match (&found, expected) {
                (None, None) => true,
                (Some(found), Some(expected)) => found.contains(expected),
                _ => false,
            },
            "{inject}: {found:?}"
        );
    }
}

#[test]
fn the_schema_names_every_key_that_the_reader_takes() {
    let schema = schema();
    let table = |name: &str| schema["$defs"][name]["properties"].as_object().map(|keys| keys.len());
    assert_eq!(schema["required"], serde_json::json!(["id", "title", "inject"]));
    assert_eq!(table("inject"), Some(keys::INJECT.keys.len()));
    assert_eq!(table("rule"), Some(tamper::keys::RULE.keys.len()));
    assert_eq!(table("route"), Some(keys::ROUTE.keys.len()));
    assert_eq!(table("application"), Some(keys::APPLICATION.keys.len()));
    assert!(reference().contains("### `text-change`"));
}
