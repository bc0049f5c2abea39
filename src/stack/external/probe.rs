//! Telling from what answers which services a site has. Pure: the requests are made elsewhere.

use scenario::model::{Mode, Service};

use crate::engine::content;
use crate::engine::http::client::Received;
use crate::engine::http::redirect;
use crate::engine::http::target::Origin;

/// In place of a service's name: an address that no site has on purpose.
pub(super) const MADE_UP: &str = "edge-smoke-made-up";

/// Where a service is by convention: its prefix, or its name below the site's. The name of a service, or [`MADE_UP`].
pub(super) fn service_url(origin: &Origin, mode: Mode, name: &str) -> String {
    match mode {
        Mode::Subdomain if name == Service::Staging.as_str() => origin.to_string(),
        Mode::Subdomain => Origin { host: format!("{name}.{}", origin.host), ..origin.clone() }.to_string(),
        Mode::Subpath => format!("{origin}/{name}"),
    }
}

/// Whether a route leads to the service, given what its address and, if anything, a made-up one answered.
///
/// An edge answers what it has no route for in many ways: 404, an empty 200 (Caddy), a redirect to the start page, somebody's
/// start page itself. They have in common that a made-up address gets the same. A 502 has a route, and so has a page of errors
/// that is the service's own.
pub(super) fn is_there(service: Service, answer: &Received, made_up: Option<&Received>) -> bool {
    match made_up {
        // What somebody else has at this address is no mirror, whatever it says.
        _ if service == Service::Echo => is_echo(answer),
        Some(made_up) => !is_alike(service.as_str(), answer, made_up),
        None => true,
    }
}

/// Whether it is our echo that answers.
fn is_echo(answer: &Received) -> bool {
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    document["service"] == doubles::echo::request::NAME
}

/// Whether the answer under the prefix only sends people on to the service's own host: what is left after a switch.
pub(super) fn has_moved(origin: &Origin, service: Service, answer: &Received) -> bool {
    let host = service_url(origin, Mode::Subdomain, service.as_str());
    let location = answer.header("location").filter(|_| redirect::is_redirect(answer.status));
    service != Service::Staging && location.is_some_and(|location| location.starts_with(&host))
}

/// Whether the two differ in no more than their own address and what is random in every page.
fn is_alike(name: &str, answer: &Received, made_up: &Received) -> bool {
    let map = |text: String| text.replace(MADE_UP, name);
    let cookies = |received: &Received| {
        let fields = received.headers.iter().filter(|(field, _)| field == "set-cookie");
        let names =
            fields.map(|(_, value)| String::from_utf8_lossy(value).split('=').next().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    };
    answer.status == made_up.status
        && content::media_type(answer) == content::media_type(made_up)
        && cookies(answer) == cookies(made_up)
        && answer.header("location") == made_up.header("location").map(map)
        && same_page(name, &answer.body, &made_up.body)
}

fn same_page(name: &str, one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other).replace(MADE_UP, name));
    if one == other {
        return true;
    }
    // Tokens and times differ from answer to answer, and seldom in their length.
    let title = |page: &str| {
        let (_, rest) = page.split_once("<title>")?;
        Some(rest.split_once("</title>")?.0.trim().to_owned())
    };
    let alike_in_size = one.len().abs_diff(other.len()) * 20 <= one.len().max(other.len());
    title(&one).is_some() && title(&one) == title(&other) && alike_in_size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::http::client::Arrival;
    use bytes::Bytes;
    use std::time::Duration;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Received {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let body = Bytes::from(body.to_owned());
        Received {
            status,
            headers,
            length: body.len() as u64,
            body,
            incomplete: None,
            duration: Duration::ZERO,
            arrival: Arrival::default(),
        }
    }

    fn page(body: &str) -> Received {
        answer(200, &[("content-type", "text/html; charset=utf-8")], body)
    }

    #[test]
    fn what_a_made_up_address_gets_too_is_nobody() {
        let filler = "x".repeat(500);
        let alike: &[(Received, Received)] = &[
            (answer(200, &[], ""), answer(200, &[], "")),
            (answer(404, &[], "404: no route"), answer(404, &[], "404: no route")),
            (answer(404, &[], "/forge/ not found"), answer(404, &[], "/edge-smoke-made-up/ not found")),
            (answer(302, &[("location", "/")], ""), answer(302, &[("location", "/")], "")),
            (
                answer(308, &[("location", "https://h/forge/")], ""),
                answer(308, &[("location", "https://h/edge-smoke-made-up/")], ""),
            ),
            (
                page(&format!("<title>Home</title>{filler}token=1")),
                page(&format!("<title>Home</title>{filler}token=98")),
            ),
        ];
        for (answer, made_up) in alike {
            assert!(!is_there(Service::Forge, answer, Some(made_up)), "{answer:?} beside {made_up:?}");
        }
    }

    #[test]
    fn what_differs_has_a_route_also_where_it_is_broken() {
        let unmatched = answer(404, &[], "404: no route");
        let session = [("content-type", "text/html"), ("set-cookie", "i_like_gitea=1; Path=/forge")];
        let there: &[(Received, Received)] = &[
            (answer(502, &[], ""), answer(200, &[], "")),
            (answer(404, &session, "<title>Not found - Forge</title>"), unmatched.clone()),
            (answer(401, &[], ""), unmatched.clone()),
            (page("<title>Woodpecker</title>"), page("<title>Home</title>")),
            (answer(302, &[("location", "/chat/login")], ""), answer(302, &[("location", "/")], "")),
        ];
        for (answer, made_up) in there {
            assert!(is_there(Service::Forge, answer, Some(made_up)), "{answer:?} beside {made_up:?}");
        }
        // A host that doesn't exist leaves nothing to compare with.
        assert!(is_there(Service::Forge, &unmatched, None));
    }

    #[test]
    fn a_prefix_that_sends_to_the_services_host_has_moved() {
        let origin = Origin::parse("https://h.example").unwrap();
        let to = |location: &str| answer(301, &[("location", location)], "");
        assert!(has_moved(&origin, Service::Forge, &to("https://forge.h.example/")));
        assert!(!has_moved(&origin, Service::Forge, &to("https://h.example/forge/explore")));
        assert!(!has_moved(&origin, Service::Staging, &to("https://h.example/")));
    }

    #[test]
    fn addresses_follow_from_the_mode() {
        let origin = Origin::parse("http://h.example:8080").unwrap();
        let all = |mode| [Service::Forge, Service::Staging].map(|service| service_url(&origin, mode, service.as_str()));
        assert_eq!(all(Mode::Subpath), ["http://h.example:8080/forge", "http://h.example:8080/staging"]);
        assert_eq!(all(Mode::Subdomain), ["http://forge.h.example:8080", "http://h.example:8080"]);
    }
}
