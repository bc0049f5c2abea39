//! Plans for stacks that don't stand.

use super::*;
use crate::images::{CATALOG, Choice, Origin};
use crate::stack::{Application, Product};
use ::doubles::chat::Defect;
use scenario::Secret;

fn options(mode: Mode) -> StackOptions {
    StackOptions::new(mode)
}

fn images() -> BTreeMap<Service, Choice> {
    let choice =
        |service: Service| Choice { image: format!("own/{service}:1"), origin: Origin::Override, is_double: false };
    CATALOG.iter().map(|entry| (entry.service, choice(entry.service))).collect()
}

fn planned(options: &StackOptions, authority: Option<Authority>, registered: Option<Registered>) -> Plan {
    let (names, images, ground) = (all(), images(), Ground::new(4321, authority).unwrap());
    Inputs { names: &names, options, images: &images, ground }.plan(registered).unwrap()
}

fn all() -> BTreeSet<String> {
    required(&super::super::SERVICES.iter().copied().collect()).unwrap()
}

#[test]
fn the_file_has_the_services_that_the_stack_says_it_has() {
    let compose = read(&|_| None).unwrap();
    let names: BTreeSet<&str> = compose.services.keys().map(String::as_str).collect();
    assert_eq!(names, super::super::SERVICES.iter().map(|service| service.as_str()).collect());
}

#[test]
fn by_default_the_file_runs_the_official_images() {
    let compose = read(&|_| None).unwrap();
    for entry in CATALOG {
        assert_eq!(compose.services[entry.service.as_str()].image, entry.default_image(), "{}", entry.service);
    }
}

#[test]
fn the_edge_and_what_is_needed_is_started_and_nothing_else() {
    let names = |needs: &[Service]| {
        required(&needs.iter().copied().collect()).map(|names| names.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(names(&[]).unwrap(), ["edge"]);
    assert_eq!(names(&[Service::Staging]).unwrap(), ["edge", "staging"]);
    assert_eq!(names(&[Service::Forge, Service::Edge]).unwrap(), ["edge", "forge"]);
    assert_eq!(names(&[Service::Ci]).unwrap(), ["ci", "ci-agent", "edge", "forge"]);
    assert_eq!(names(&[Service::Chat]).unwrap(), ["chat", "edge", "forge", "model"]);
    assert_eq!(names(&[Service::Ide]).unwrap_err().message, "the containers stack has no ide");
}

#[test]
fn every_service_is_confined_and_only_the_edge_is_published_and_that_on_loopback() {
    let plan = planned(&options(Mode::Subpath), None, None);
    for (name, spec) in &plan.services {
        assert_eq!(spec.cap_drop, ["ALL"], "{name}");
        assert_eq!(spec.security_opt, ["no-new-privileges:true"], "{name}");
        assert!(spec.mem_limit.is_some() && spec.pids_limit.is_some() && spec.healthcheck.is_some(), "{name}");
        let published: Vec<_> =
            spec.ports.iter().map(|port| (port.host_address.as_deref(), port.host, port.container)).collect();
        let expected = if name == "edge" { vec![(Some("127.0.0.1"), 4321, 4321)] } else { Vec::new() };
        assert_eq!(published, expected, "{name}");
        assert_eq!(spec.image, format!("own/{name}:1"));
    }
}

#[test]
fn the_forge_is_told_its_address_in_either_mode_and_overlays_have_the_last_word() {
    let root_url = |options: &StackOptions| {
        let plan = planned(options, None, None);
        plan.services["forge"].environment.get("GITEA__server__ROOT_URL").cloned()
    };
    assert_eq!(root_url(&options(Mode::Subpath)).as_deref(), Some("http://edge.test:4321/forge/"));
    assert_eq!(root_url(&options(Mode::Subdomain)).as_deref(), Some("http://forge.edge.test:4321/"));
    let mut overlaid = options(Mode::Subpath);
    let mut overlay = |value: Option<&str>| {
        let setting = BTreeMap::from([("GITEA__server__ROOT_URL".to_owned(), value.map(str::to_owned))]);
        overlaid.environment.insert(Service::Forge, setting);
        root_url(&overlaid)
    };
    assert_eq!(overlay(Some("http://forge:3000/")).as_deref(), Some("http://forge:3000/"));
    assert_eq!(overlay(None), None);
}

#[test]
fn the_ci_is_told_its_address_the_forge_s_and_who_it_is_there() {
    let application = Application {
        name: "ci".to_owned(),
        client_id: "an-id".to_owned(),
        client_secret: Secret::new("a-secret"),
        redirect_uris: Vec::new(),
    };
    for (mode, host, forge) in [
        (Mode::Subpath, "http://edge.test:4321/ci", "http://edge.test:4321/forge"),
        (Mode::Subdomain, "http://ci.edge.test:4321", "http://forge.edge.test:4321"),
    ] {
        for (product, is_forgejo, is_gitea) in [(Product::Forgejo, "true", "false"), (Product::Gitea, "false", "true")]
        {
            let registered =
                Registered { product, applications: [(Service::Ci, application.clone())].into(), chat_token: None };
            let plan = planned(&options(mode), None, Some(registered));
            let told = |name: &str| plan.services["ci"].environment[&format!("WOODPECKER_{name}")].as_str();
            assert_eq!((told("HOST"), told("FORGEJO_URL")), (host, forge));
            assert_eq!((told("FORGEJO"), told("GITEA")), (is_forgejo, is_gitea));
            assert_eq!((told("FORGEJO_CLIENT"), told("FORGEJO_SECRET")), ("an-id", "a-secret"));
            let agent = &plan.services["ci-agent"].environment["WOODPECKER_AGENT_SECRET"];
            assert_eq!((told("AGENT_SECRET"), agent.len()), (agent.as_str(), 32));
            let shown = format!("{plan:?}");
            assert!(!shown.contains("a-secret") && !shown.contains(agent), "{shown}");
        }
    }
    let before = planned(&options(Mode::Subpath), None, None);
    assert_eq!(before.services["ci"].environment["WOODPECKER_FORGEJO_CLIENT"], "");
}

#[test]
fn what_the_file_binds_is_part_of_the_program() {
    let plan = planned(&options(Mode::Subpath), None, None);
    let mounts = |service: &str| plan.filled_mounts(service, &plan.services[service]).unwrap();
    let [caddyfile] = mounts("edge").try_into().unwrap();
    assert_eq!(caddyfile.target, "/etc/caddy");
    assert_eq!(caddyfile.files[0].path, "Caddyfile");
    let text = String::from_utf8(caddyfile.files[0].content.clone()).unwrap();
    assert!(text.contains("http://edge.test:4321 {") && text.contains("reverse_proxy forge:3000"), "{text}");
    let [server, site] = mounts("staging").try_into().unwrap();
    assert_eq!((server.target.as_str(), site.target.as_str()), ("/etc/caddy", "/srv"));
    assert!(site.files.iter().any(|file| file.path == "index.html"));
    assert_eq!(mounts("forge"), []);
}

#[test]
fn over_https_the_edge_has_its_certificate_and_those_who_call_others_the_authority() {
    let authority = Authority::new(HOST).unwrap();
    let plan = planned(&options(Mode::Subdomain), Some(authority.clone()), None);
    let mounts = |service: &str| plan.filled_mounts(service, &plan.services[service]).unwrap();
    let [edge] = mounts("edge").try_into().unwrap();
    let content = |path: &str| {
        let file = edge.files.iter().find(|file| file.path == path).unwrap();
        String::from_utf8(file.content.clone()).unwrap()
    };
    assert_eq!(content("certificate.pem"), authority.certificate_pem);
    assert_eq!(content("key.pem"), authority.key_pem.expose());
    assert!(format!("{:?}", edge.files).contains("path: \"key.pem\", owner: Some((1000, 1000))"));
    let text = content("Caddyfile");
    for line in ["https://forge.edge.test:4321 {", "tls \"/etc/caddy/certificate.pem\" \"/etc/caddy/key.pem\""] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    let [trust] = mounts("forge").try_into().unwrap();
    assert_eq!((trust.target.as_str(), trust.files[0].path.as_str()), ("/etc/edge-smoke", "ca.pem"));
    assert_eq!(trust.files[0].content, authority.ca_pem.as_bytes());
    let environment = &plan.services["forge"].environment;
    assert_eq!(environment["GITEA__server__ROOT_URL"], "https://forge.edge.test:4321/");
    assert_eq!(environment["SSL_CERT_DIR"], "/etc/ssl/certs:/etc/edge-smoke");
    assert_eq!(environment["SSL_CERT_FILE"], "/etc/edge-smoke/ca.pem");
    assert_eq!(mounts("ci").len(), 1);
    // The staging site calls nobody.
    assert!(mounts("staging").iter().all(|mount| mount.target != TRUST));
    assert!(plan.services.values().all(|spec| !spec.environment.values().any(|value| value.contains("PRIVATE"))));
}

#[test]
fn the_chat_and_the_edge_share_a_secret_that_stands_in_no_file_and_the_chat_knows_the_forge_both_ways() {
    let application = Application {
        name: "chat".to_owned(),
        client_id: "an-id".to_owned(),
        client_secret: Secret::new("a-secret"),
        redirect_uris: Vec::new(),
    };
    for (mode, host, own, forge) in [
        (Mode::Subpath, "edge.test:4321", None, "https://edge.test:4321/forge"),
        (Mode::Subdomain, "edge.test:4321", Some("chat.edge.test:4321"), "https://forge.edge.test:4321"),
    ] {
        let registered = Registered {
            product: Product::Gitea,
            applications: [(Service::Chat, application.clone())].into(),
            chat_token: Some(Secret::new("a-token")),
        };
        let plan = planned(&options(mode), Some(Authority::new(HOST).unwrap()), Some(registered));
        let told = |name: &str| plan.services["chat"].environment.get(name).map(String::as_str);
        assert_eq!((told("EDGE_TUNNEL_FQDN"), told("EDGE_TUNNEL_FQDN_CHAT")), (Some(host), own));
        assert_eq!((told("FORGE_URL"), told("FORGE_PUBLIC_URL")), (Some("http://forge:3000"), Some(forge)));
        assert_eq!((told("CHAT_OAUTH_CLIENT_ID"), told("CHAT_OAUTH_CLIENT_SECRET")), (Some("an-id"), Some("a-secret")));
        assert_eq!((told("FORGE_TOKEN"), told("ANTHROPIC_BASE_URL")), (Some("a-token"), Some("http://model:8081")));
        let secret = plan.services["edge"].environment["FORWARD_AUTH_SECRET"].as_str();
        assert_eq!((told("FORWARD_AUTH_SECRET"), secret.len()), (Some(secret), 32));
        let [edge] = plan.filled_mounts("edge", &plan.services["edge"]).unwrap().try_into().unwrap();
        let file = edge.files.iter().find(|file| file.path == "Caddyfile").unwrap();
        let text = String::from_utf8(file.content.clone()).unwrap();
        assert!(text.contains("{env.FORWARD_AUTH_SECRET}") && !text.contains(secret), "{text}");
        assert!(!format!("{plan:?}").contains(secret));
        let [seed] = plan.seeds("chat", &plan.services["chat"]).try_into().unwrap();
        assert_eq!((seed.volume.as_str(), seed.target.as_str()), ("workspace", "/workspace"));
    }
}

/// With `EDGE_SMOKE_UPDATE=1` in the environment the file is written anew.
#[test]
fn the_caddyfile_beside_the_file_is_what_its_default_port_renders() {
    // The services that plain `docker compose up` starts, and the chat, which comes with `--profile chat`.
    let compose = read(&|_| None).unwrap();
    let is_routed = |name: &str, spec: &ServiceSpec| spec.profiles.is_empty() || name == Service::Chat.as_str();
    let names = compose.services.into_iter().filter(|(name, spec)| is_routed(name, spec)).map(|(name, _)| name);
    let (names, images, options) = (names.collect(), images(), options(Mode::Subpath));
    let ground = Ground::new(8080, None).unwrap();
    let plan = Inputs { names: &names, options: &options, images: &images, ground }.plan(None).unwrap();
    let rendered = routes::caddyfile::render_with(&plan.site, SecretSource::Environment).unwrap();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/Caddyfile");
    if std::env::var_os("EDGE_SMOKE_UPDATE").is_some() {
        std::fs::write(&path, &rendered).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert_eq!(committed, rendered, "run this test with EDGE_SMOKE_UPDATE=1 to write fixtures/Caddyfile anew");
}

#[test]
fn what_the_forge_tells_changes_those_alone_who_sign_people_in_there() {
    let ground = Ground::new(4321, None).unwrap();
    let (names, options, images) = (all(), options(Mode::Subpath), images());
    let inputs = Inputs { names: &names, options: &options, images: &images, ground };
    let ci = Application {
        name: "ci".to_owned(),
        client_id: "id".to_owned(),
        client_secret: Secret::new("secret"),
        redirect_uris: Vec::new(),
    };
    let before = inputs.plan(None).unwrap();
    let chat = Application { name: "chat".to_owned(), ..ci.clone() };
    let applications = [(Service::Ci, ci), (Service::Chat, chat)].into();
    let chat_token = Some(Secret::new("a-token"));
    let after = inputs.plan(Some(Registered { product: Product::Gitea, applications, chat_token })).unwrap();
    let changed: BTreeSet<&str> = before
        .services
        .keys()
        .map(String::as_str)
        .filter(|name| before.services[*name] != after.services[*name])
        .collect();
    assert_eq!(changed, before.signing_in());
    assert_eq!(changed, BTreeSet::from(["chat", "ci"]));
}

#[test]
fn a_chat_with_defects_is_its_double() {
    let mut wanted = options(Mode::Subpath);
    let defects = [Defect::OriginUnchecked, Defect::AnswerAtOnce];
    wanted.defects.insert(Service::Chat, defects.into());
    let (names, ground) = (all(), Ground::new(4321, None).unwrap());
    let images = super::doubles::images(images(), &wanted);
    assert!(images[&Service::Chat].is_double && !images[&Service::Echo].is_double);
    let plan = Inputs { names: &names, options: &wanted, images: &images, ground }.plan(None).unwrap();
    let (chat, real) = (&plan.services["chat"], &planned(&options(Mode::Subpath), None, None).services["chat"]);
    assert_eq!((chat.image.as_str(), real.image.as_str()), ("own/echo:1", "own/chat:1"));
    assert_eq!(chat.entrypoint.as_ref().unwrap().join(" "), "/bin/double chat");
    assert_eq!(chat.environment["CHAT_DEFECTS"], "origin-unchecked,answer-at-once");
    let test = chat.healthcheck.as_ref().unwrap().test.join(" ");
    assert_eq!(test, "CMD /bin/double healthcheck http://127.0.0.1:8080/ready");
    // Told what the chat is told, and as confined.
    assert!(real.environment.keys().all(|name| chat.environment.contains_key(name)));
    assert_eq!((chat.read_only, &chat.cap_drop, chat.mem_limit), (real.read_only, &real.cap_drop, real.mem_limit));
}
