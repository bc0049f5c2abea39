//! Sign-ins by OAuth 2: what passes, and how each defect of client, provider or edge is named.

mod site;

use serde_json::Value;

use crate::program::{Program, filtered, shown};
use crate::server::Server;
use site::{PASSWORD, Settings, State};

const STEP: &str = r##"name: Sign in
secrets: [password]
steps:
  - oauth:
      start: /ci/authorize
      provider: ${base_url}/forge
      client: ${base_url}/ci
      redirect_uri: ${base_url}/ci/authorize
      sign_in: { form: "#login", with: { user_name: ada, password: "${password}" } }
      consent: { form: 'form[action$="/grant"]', with: { granted: "true" } }
      session: { user_sess: { http_only: true, path: / } }
    expect: { status: 200, url: "${base_url}/ci/", hops: 7, css: { h1: Repositories } }
"##;

/// What came of a sign-in.
struct Signed {
    server: Server,
    exit: Option<i32>,
    answer: String,
    report: Value,
    text: String,
}

impl Settings {
    /// Signs in by `step`.
    fn sign_in_by(self, step: &str) -> Signed {
        self.sign_in_with(step, PASSWORD)
    }

    fn sign_in_with(self, step: &str, password: &str) -> Signed {
        let server = self.serve();
        let arguments = ["--base-url", &server.origin, "--secret", "password", "sign-in.yaml"];
        let mut program = Program::new(&arguments).file("sign-in.yaml", step).env("PASSWORD", password);
        let output = program.output();
        let text = program.find("reports/latest/report.json").unwrap_or_default();
        let report = serde_json::from_str(&text).unwrap_or_default();
        Signed { server, exit: output.status.code(), answer: shown(&output), report, text }
    }

    fn sign_in(self) -> Signed {
        self.sign_in_by(STEP)
    }

    /// The located errors of a sign-in that fails.
    fn errors(self) -> String {
        self.sign_in().errors()
    }
}

impl Signed {
    fn errors(&self) -> String {
        assert_eq!(self.exit, Some(1), "{}", self.answer);
        let failures = self.report.pointer("/scenarios/0/steps/0/failures").and_then(Value::as_array).unwrap();
        let rendered: Vec<&str> =
            failures.iter().map(|failure| failure["rendered"].as_str().unwrap().trim_end()).collect();
        filtered(&rendered.join("\n\n"))
    }

    fn passed(self) -> Self {
        assert_eq!(self.exit, Some(0), "{}", self.answer);
        self
    }

    fn oauth(&self) -> &Value {
        self.report.pointer("/scenarios/0/steps/0/oauth").unwrap_or_else(|| panic!("{}", self.answer))
    }
}

#[test]
fn a_sign_in_that_is_well_passes_with_all_that_must_be_refused() {
    let signed = Settings::default().sign_in().passed();
    // Without the harness's own look at the site.
    let mut lines = signed.server.lines();
    lines.retain(|line| line != "GET /");
    let lines: Vec<String> =
        lines.iter().map(|line| line.replace(&origin_in_a_query(&signed.server), "[origin]")).collect();
    insta::assert_snapshot!(lines.join("\n"));
    insta::assert_snapshot!(filtered(&serde_json::to_string_pretty(signed.oauth()).unwrap()));
}

fn origin_in_a_query(server: &Server) -> String {
    url::form_urlencoded::byte_serialize(server.origin.as_bytes()).collect()
}

#[test]
fn no_code_and_no_state_shows_anywhere() {
    let broken = Settings { secret_fits: false, ..well() };
    let open = Settings { adds: &[("client_secret", "s3cr3t-of-the-client-0123")], ..well() }.sign_in();
    assert!(!open.text.contains("s3cr3t") && !open.answer.contains("s3cr3t"), "{}", open.answer);
    for signed in [well().sign_in().passed(), broken.sign_in()] {
        let carried: Vec<String> = signed
            .server
            .lines()
            .iter()
            .flat_map(|line| line.split(['?', '&', '=', ' ']).map(str::to_owned).collect::<Vec<_>>())
            .filter(|part| ["code", "state", "session"].iter().any(|kind| part.starts_with(kind) && part.len() > 12))
            .collect();
        assert!(carried.len() > 2, "{carried:?}");
        for value in carried {
            assert!(!signed.text.contains(&value), "{value} shows in {}", signed.text);
            assert!(!signed.answer.contains(&value), "{value} shows in {}", signed.answer);
        }
        assert!(signed.text.contains("code=***&state=***"), "{}", signed.text);
    }
}

#[test]
fn who_is_signed_in_and_has_consented_is_asked_for_nothing() {
    let step =
        STEP.replace("    expect: { status: 200, url: \"${base_url}/ci/\", hops: 7, css: { h1: Repositories } }\n", "");
    let twice = format!("{step}{}", step.split_once("steps:\n").unwrap().1);
    let signed = Settings::default().sign_in_by(&twice).passed();
    let asked = |step: usize| &signed.report["scenarios"][0]["steps"][step]["oauth"]["phases"][0];
    assert_eq!((&asked(0)["sign_in_asked"], &asked(0)["consent_asked"]), (&true.into(), &true.into()));
    assert_eq!((&asked(1)["sign_in_asked"], &asked(1)["consent_asked"]), (&false.into(), &false.into()));
}

#[test]
fn later_steps_are_the_signed_in_user_s_on_the_page_where_they_landed() {
    let later =
        format!("{STEP}  - get: /ci/\n    when: {{ css: h1 }}\n    expect: {{ cookie: {{ user_sess: exists }} }}\n");
    let signed = Settings::default().sign_in_by(&later).passed();
    assert_eq!(signed.report["scenarios"][0]["steps"][1]["outcome"], "passed");
}

#[test]
fn a_client_that_binds_its_state_refuses_another_browser() {
    let step = format!(
        "{}      refuses: {{ another_browser: {{ url: \"${{base_url}}/ci/login?error=invalid_state\" }} }}\n",
        head()
    );
    let bound = Settings { state: State::Bound, ..Settings::default() };
    bound.sign_in_by(&step).passed();
    insta::assert_snapshot!(Settings::default().sign_in_by(&step).errors());
}

/// The step without what it expects.
fn head() -> String {
    STEP.split_inclusive('\n').filter(|line| !line.starts_with("    expect")).collect()
}

#[test]
fn how_a_refusal_is_seen_can_be_expected() {
    let refuses = |text: &str| format!("{}      refuses: {{ {text} }}\n", head());
    let step =
        refuses("forged_state: { url: \"${base_url}/ci/login?error=invalid_state\", hops: 1, css: { h1: Login } }");
    Settings::default().sign_in_by(&step).passed();
    let step = refuses("forged_state: { status: 403 }, error: { url: { contains: denied }, hops: 3 }");
    insta::assert_snapshot!(Settings::default().sign_in_by(&step).errors());
    // A client that begins anew has refused as well.
    let patient = Settings { begins_anew: true, ..Settings::default() };
    patient.sign_in_by(&refuses("another_browser: false")).passed();
}

#[test]
fn what_is_not_tried_sends_nothing() {
    let step = format!("{}      again: false\n      refuses: {{ forged_state: false, error: false }}\n", head());
    let signed = Settings::default().sign_in_by(&step).passed();
    assert_eq!(signed.oauth()["phases"].as_array().unwrap().len(), 1);
    let starts = signed.server.lines().iter().filter(|line| *line == "GET /ci/authorize").count();
    assert_eq!(starts, 1);
}

/// A snapshot for each defect: the located errors, as the report has them.
macro_rules! defects {
    ($($name:ident: $settings:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!($settings.errors());
        }
    )*};
}

fn well() -> Settings {
    Settings::default()
}

defects! {
    the_browser_is_sent_to_an_internal_host: Settings { endpoint: "http://forgejo:3000/login/oauth/authorize", ..well() };
    the_provider_s_prefix_is_missing: Settings { endpoint: "{origin}/login/oauth/authorize", ..well() };
    the_client_s_prefix_is_missing_from_its_redirect_uri: Settings {
        sends: "{origin}/authorize", registered: "{origin}/authorize", ..well()
    };
    the_redirect_uri_is_internal: Settings { sends: "http://woodpecker:8000/authorize", ..well() };
    the_redirect_uri_is_not_registered: Settings { registered: "{origin}/authorize", ..well() };
    the_request_lacks_what_it_must_have: Settings {
        leaves_out: &["client_id", "redirect_uri", "response_type", "state"], ..well()
    };
    the_secret_is_stale: Settings { secret_fits: false, ..well() };
    the_state_comes_back_as_another: Settings { changes_state: true, ..well() };
    consent_is_asked_for_each_time: Settings { keeps_grants: false, ..well() };
    the_provider_s_session_is_secure_on_http: Settings { provider_cookie: "Path=/forge; Secure", ..well() };
    the_session_cookie_is_open_to_scripts: Settings { client_cookie: "Path=/ci", ..well() };
    the_state_is_ignored: Settings { state: State::Ignored, ..well() };
    an_error_signs_in: Settings { ignores_errors: true, ..well() };
    the_landing_lacks_the_prefix: Settings { landing: "/forge/", ..well() };
    the_login_lacks_the_prefix: Settings { login: "/user/login", ..well() };
    the_login_is_at_an_internal_host: Settings { login: "http://forgejo:3000/user/login", ..well() };
    the_start_is_a_page: Settings { start: Some("/ci/"), ..well() };
    the_start_leads_nowhere: Settings { start: Some("/nowhere"), ..well() };
    the_secret_is_in_the_address: Settings { adds: &[("client_secret", "s3cr3t-of-the-client-0123")], ..well() };
    the_consent_is_taken_for_forged: Settings { suspects: true, ..well() };
    the_consent_comes_again: Settings { asks_again: true, ..well() };
    the_provider_goes_round: Settings { login: "/forge/round", ..well() };
    the_provider_goes_on_for_ever: Settings { login: "/forge/mill", ..well() };
}

#[test]
fn the_trace_says_what_each_part_of_the_dance_tries() {
    let signed = Settings { state: State::Ignored, ..well() }.sign_in();
    let trace: String = signed
        .answer
        .lines()
        .skip_while(|line| !line.starts_with("trace of"))
        .map(|line| format!("{line}\n"))
        .collect();
    let trace = trace.split("\n\n").next().unwrap();
    insta::assert_snapshot!(trace);
}

#[test]
fn a_wrong_password_is_named() {
    insta::assert_snapshot!(Settings::default().sign_in_with(STEP, "wrong-password").errors());
}

#[test]
fn a_denied_consent_is_named() {
    let step = STEP.replace("granted: \"true\"", "granted: \"false\"");
    insta::assert_snapshot!(Settings::default().sign_in_by(&step).errors());
}

#[test]
fn a_form_that_the_step_does_not_know_is_named_with_those_of_the_page() {
    let step = STEP.replace("form[action$=\"/grant\"]", "form.grant");
    insta::assert_snapshot!(Settings::default().sign_in_by(&step).errors());
}

#[test]
fn a_provider_that_does_not_resolve_or_refuses_is_named_with_the_hop_that_leads_there() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for provider in ["http://no-such-host.invalid".to_owned(), format!("http://127.0.0.1:{closed}")] {
        let endpoint: &'static str = format!("{provider}/authorize").leak();
        let step = STEP.replace("${base_url}/forge", &provider);
        let signed = Settings { endpoint, ..Settings::default() }.sign_in_by(&step);
        assert_eq!(signed.exit, Some(1), "{}", signed.answer);
        let errors = signed.errors();
        assert!(errors.contains("sent there by GET http://127.0.0.1:[port]/ci/authorize → 303"), "{errors}");
    }
}

#[test]
fn a_deadline_leaves_what_was_seen() {
    let step = format!("{}    timeout: 300ms\n", STEP.replace("start: /ci/authorize", "start: /never"));
    let server = Server::start();
    let arguments = ["--base-url", &server.origin, "--secret", "password", "sign-in.yaml"];
    let mut program = Program::new(&arguments).file("sign-in.yaml", step).env("PASSWORD", PASSWORD);
    let answer = program.answer();
    assert!(answer.starts_with("exit: 3\n"), "{answer}");
    let report: Value = serde_json::from_str(&program.left("reports/latest/report.json")).unwrap();
    assert_eq!(report["scenarios"][0]["steps"][0]["trace"].as_array().unwrap().len(), 1);
}
