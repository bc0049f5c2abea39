//! What is wrong on purpose: meddlers in containers of their own, and another text of the Caddyfile.

use bollard::Docker;
use edge_smoke::fault;
use edge_smoke::stack::{Changeable, Stack, StackOptions};
use scenario::Source;
use scenario::model::{Mode, Service};

use crate::helpers::{get, needs, options, own, port_of, up};

fn wrong(inject: &str) -> StackOptions {
    let source = Source::new("x.yaml", format!("id: x\ntitle: t\ninject:\n{inject}\n"));
    fault::read(&source).unwrap().inject.into_options(options())
}

pub(crate) async fn a_meddler_and_another_text_stand_before_and_after_a_change(docker: Docker) {
    let wrong = wrong(
        "  caddyfile: { replace: '${edge} {', with: \"${edge} {\\n header X-Edge meddled\" }\n  tamper: { staging: { set_header: { X-Meddled: '${staging}' }, replace_body: { find: '(?i)staging', with: meddled } } }",
    );
    let mut stack = up(&needs(&[Service::Staging]), &wrong).await.unwrap();
    let port = port_of(&stack.site().base_url);
    for mode in [Mode::Subpath, Mode::Subdomain] {
        if mode == Mode::Subdomain {
            stack.switch(mode).await.unwrap();
        }
        let path = if mode == Mode::Subpath { "/staging/" } else { "/" };
        let page = get(port, path).await.to_lowercase();
        let public = &stack.site().services[&Service::Staging];
        assert!(page.starts_with("http/1.1 200"), "{page}");
        for words in [format!("x-meddled: {public}\r\n"), "x-edge: meddled\r\n".to_owned(), "meddled".to_owned()] {
            assert!(page.contains(&words), "{mode}: {words}: {page}");
        }
        let body = page.split("\r\n\r\n").nth(1).unwrap();
        assert!(!body.contains("staging"), "{body}");
    }
    assert_eq!(stack.troubles().await, []);
    stack.down().await.unwrap();
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

pub(crate) async fn a_text_that_is_not_there_and_one_that_the_edge_refuses_leave_nothing(docker: Docker) {
    for (inject, words) in [
        ("  caddyfile: { replace: nowhere, with: x }", "x.yaml:4:25: nothing in the generated Caddyfile is `nowhere`"),
        ("  caddyfile: { replace: admin off, with: nonsense }", "its container ended with exit code 1"),
        ("  tamper: { forge: { delay_ms: 1 } }", "it can't be tampered with"),
    ] {
        let trouble = up(&needs(&[Service::Staging]), &wrong(inject)).await.map(drop).unwrap_err();
        assert!(trouble.message.contains(words), "{trouble:?}");
        assert_eq!(own(&docker).await, Vec::<String>::new());
    }
}
