//! The comparison itself: it sees what it should, and nothing where nothing differs.

use crate::compare::{differences, is_compared};
use crate::recording::{Asset, Entry, Exchange, Recording, recorded};
use crate::shapes::{at_recorded_origin, canonical};

fn all() -> Vec<(String, Recording)> {
    let of = |forge: &str| {
        recorded(forge).into_iter().map(|(name, recording)| (format!("{forge}/{name}"), recording)).collect()
    };
    ["gitea", "forgejo"].iter().flat_map(|forge| -> Vec<_> { of(forge) }).collect()
}

pub(crate) fn a_recording_does_not_differ_from_itself() {
    for (name, recording) in all() {
        for (entry, recorded) in &recording {
            assert_eq!(differences(Some(recorded), Some(recorded)), Vec::<String>::new(), "{name}: {entry}");
        }
    }
}

pub(crate) fn every_wrong_setting_differs_from_the_healthy_one() {
    for forge in ["gitea", "forgejo"] {
        let recordings = recorded(forge);
        let healthy = &recordings["healthy"];
        for (name, recording) in recordings.iter().filter(|(name, _)| *name != "healthy") {
            let names = healthy.keys().filter(|entry| is_compared(entry));
            let differing = names.filter(|entry| !differences(healthy.get(*entry), recording.get(*entry)).is_empty());
            assert!(differing.count() >= 2, "{forge}/{name}");
        }
    }
}

/// Each fact of each entry, changed, is a difference.
pub(crate) fn every_fact_that_is_changed_is_seen() {
    let mut changed = 0;
    for (name, recording) in all() {
        for (entry, recorded) in recording.iter().filter(|(entry, _)| is_compared(entry)) {
            assert!(!differences(Some(recorded), None).is_empty(), "{name}: {entry} is missing");
            for (what, other) in mutants(recorded) {
                assert!(!differences(Some(recorded), Some(&other)).is_empty(), "{name}: {entry}: {what}");
                changed += 1;
            }
        }
    }
    assert!(changed > 1000, "{changed}");
}

/// The entry with one fact of it changed, in all ways that count.
fn mutants(entry: &Entry) -> Vec<(String, Entry)> {
    let mut mutants = Vec::new();
    match entry {
        Entry::Exchanges(exchanges) => {
            for (index, exchange) in exchanges.iter().enumerate() {
                for (what, other) in other_exchanges(exchange) {
                    let mut exchanges = exchanges.clone();
                    exchanges[index] = other;
                    mutants.push((what, Entry::Exchanges(exchanges)));
                }
            }
            mutants.extend(
                exchanges.split_last().map(|(_, rest)| ("shorter".to_owned(), Entry::Exchanges(rest.to_vec()))),
            );
        }
        Entry::Answers(answers) => {
            for (path, exchange) in answers.iter().filter(|(path, _)| *path != "/ci") {
                for (what, other) in other_exchanges(exchange) {
                    let mut answers = answers.clone();
                    answers.insert(path.clone(), other);
                    mutants.push((what, Entry::Answers(answers)));
                }
            }
        }
        Entry::Assets(assets) => {
            for (index, asset) in assets.iter().enumerate() {
                let mut with = |what: &str, other: Asset| {
                    let mut assets = assets.clone();
                    assets[index] = other;
                    mutants.push((format!("{what} of {}", asset.reference), Entry::Assets(assets)));
                };
                with("prefix", Asset { reference: format!("/elsewhere{}", asset.reference), ..asset.clone() });
                with("status", Asset { status: 500, ..asset.clone() });
                if asset.status == 200 && !asset.reference.ends_with("/web-config.js") {
                    with("media type", Asset { content_type: Some("application/json".to_owned()), ..asset.clone() });
                }
            }
        }
        Entry::Names(names) => {
            let more = names.iter().cloned().chain(["another".to_owned()]).collect();
            mutants.push(("another name".to_owned(), Entry::Names(more)));
        }
        Entry::Text(_) => mutants.push(("text".to_owned(), Entry::Text(Some("/elsewhere".to_owned())))),
        Entry::Document(document) => {
            for name in document.keys() {
                let mut document = document.clone();
                document.insert(name.clone(), "elsewhere".into());
                mutants.push((name.clone(), Entry::Document(document)));
            }
        }
    }
    mutants
}

fn other_exchanges(exchange: &Exchange) -> Vec<(String, Exchange)> {
    let mut others = vec![
        ("status", Exchange { status: exchange.status + 1, ..exchange.clone() }),
        ("location", Exchange { location: Some("/elsewhere".to_owned()), ..exchange.clone() }),
        ("request", Exchange { request: "GET /elsewhere".to_owned(), ..exchange.clone() }),
    ];
    // What the recorder's edge said by itself is not compared in more than that.
    let by_a_program = ["/forge/", "/ci"].iter().any(|prefix| exchange.request.contains(&format!(" {prefix}")));
    if by_a_program && exchange.status != 502 {
        others.push(("content type", Exchange { content_type: Some("text/x-other".to_owned()), ..exchange.clone() }));
        for index in 0..exchange.set_cookie.len() {
            let with = |change: &dyn Fn(&mut Vec<crate::recording::Cookie>)| {
                let mut cookies = exchange.set_cookie.clone();
                change(&mut cookies);
                Exchange { set_cookie: cookies, ..exchange.clone() }
            };
            others.push(("cookie", with(&|cookies| drop(cookies.remove(index)))));
            others.push(("cookie's name", with(&|cookies| cookies[index].name.push('x'))));
            others.push(("cookie's end", with(&|cookies| cookies[index].deleted ^= true)));
            others.push(("cookie's attribute", with(&|cookies| drop(cookies[index].attrs.pop()))));
        }
        if exchange.status == 200 {
            others.push(("emptiness", Exchange { bytes: usize::from(exchange.bytes == 0), ..exchange.clone() }));
        }
    }
    others.into_iter().map(|(what, other)| (format!("{what} of {}", exchange.request), other)).collect()
}

pub(crate) fn random_values_are_known_by_their_shape_and_by_no_less() {
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    for (text, expected) in [
        (format!("/a?client_id={id}&x=1"), "/a?client_id=<client_id>&x=1"),
        (format!("/a%3Fclient_id%3D{id}%26state%3DeyJh.eyJi.c_-"), "/a%3Fclient_id%3D<client_id>%26state%3D<state>"),
        ("/a?x%26state%3D<jwt>".to_owned(), "/a?x%26state%3D<state>"),
        ("/a?code=abcdefghij0123456789&state=<state>".to_owned(), "/a?code=<code>&state=<state>"),
        // Too short, not signed, not an id, another parameter.
        ("/a?code=abc&state=abc&client_id=1".to_owned(), "/a?code=abc&state=abc&client_id=1"),
        ("/a?error_code=abcdefghij0123456789".to_owned(), "/a?error_code=abcdefghij0123456789"),
    ] {
        assert_eq!(canonical(&text), expected);
    }
}

pub(crate) fn the_origin_is_mapped_wherever_it_stands() {
    for (text, expected) in [
        ("http://edge.test:1/x", "http://localhost:8080/x"),
        ("/a?u=http%3A%2F%2Fedge.test%3A1%2Fx", "/a?u=http%3A%2F%2Flocalhost%3A8080%2Fx"),
        (
            "/a?u=%2Fb%3Fu%3Dhttp%253A%252F%252Fedge.test%253A1%252Fx",
            "/a?u=%2Fb%3Fu%3Dhttp%253A%252F%252Flocalhost%253A8080%252Fx",
        ),
        ("http://other.test:1/x", "http://other.test:1/x"),
    ] {
        assert_eq!(at_recorded_origin(text, "http://edge.test:1"), expected);
    }
}

pub(crate) fn hashed_names_may_differ_and_their_prefix_and_answer_may_not() {
    let asset = |reference: &str, status, media: &str| Asset {
        reference: reference.to_owned(),
        status,
        content_type: (!media.is_empty()).then(|| media.to_owned()),
    };
    let differ = |recorded: &Asset, observed: &[Asset]| {
        !differences(Some(&Entry::Assets(vec![recorded.clone()])), Some(&Entry::Assets(observed.to_vec()))).is_empty()
    };
    let script = asset("/ci/assets/index-BnABfZg1.js", 200, "text/javascript");
    let missing = asset("/forge/assets/js/index.js", 404, "");
    for (recorded, observed, expected) in [
        (&script, vec![asset("/ci/assets/main-00000000.js", 200, "text/javascript; charset=utf-8")], false),
        (&script, vec![script.clone(), asset("/ci/assets/more-00000000.js", 200, "text/javascript")], false),
        (&script, vec![script.clone(), asset("/ci/assets/more-00000000.js", 404, "")], true),
        (&script, vec![asset("/assets/main-00000000.js", 200, "text/javascript")], true),
        (&script, vec![asset("/ci/assets/main-00000000.js", 200, "text/html")], true),
        (&script, vec![asset("/ci/assets/custom.js", 200, "text/javascript")], true),
        (&script, vec![], true),
        // The recorder's forge was built without a front end: ours may have one.
        (&missing, vec![asset("/forge/assets/js/index.js", 200, "text/javascript")], false),
        (&missing, vec![asset("/forge/assets/js/index.js", 200, "text/html")], true),
        (&missing, vec![asset("/forge/assets/js/index.js", 404, "text/html")], true),
        (
            &asset("/forge/assets/img/logo.svg", 404, ""),
            vec![asset("/forge/assets/img/logo.svg", 200, "image/svg+xml")],
            true,
        ),
    ] {
        assert_eq!(differ(recorded, &observed), expected, "{recorded:?} {observed:?}");
    }
}
