//! Public addresses in values that are given before anybody knows them: `${edge}`, `${forge}`, `${ci}`, and of the origin the parts
//! `${host}` and `${port}`.

use scenario::model::Service;

/// The parts of the site's origin by their names.
fn parts(site: &routes::Site) -> [(&'static str, String); 2] {
    [("${host}", site.origin.host.clone()), ("${port}", site.origin.port.to_string())]
}

/// The text with each `${service}` replaced by the service's public URL, which has no slash at its end. A service that
/// the site doesn't have, and any other `${…}`, stays as it is.
pub(super) fn fill(text: &str, site: &routes::Site) -> String {
    let text = parts(site).into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, &value));
    let present = Service::ALL.iter().filter_map(|service| Some((*service, site.service_url(service.as_str())?)));
    present.fold(text, |text, (service, url)| text.replace(&format!("${{{service}}}"), &url))
}

/// The text with each public address that it names replaced by something, for those who want to know what the text is like.
pub(crate) fn any(text: &str) -> String {
    let text = text.replace("${host}", "x").replace("${port}", "1");
    Service::ALL.iter().fold(text, |text, service| text.replace(&format!("${{{service}}}"), "x"))
}

/// A pattern with each `${service}` replaced by the service's public URL, every character of it standing for itself.
pub(super) fn fill_pattern(text: &str, site: &routes::Site) -> String {
    let text =
        parts(site).into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, &regex::escape(&value)));
    let present = Service::ALL.iter().filter_map(|service| Some((*service, site.service_url(service.as_str())?)));
    present.fold(text, |text, (service, url)| text.replace(&format!("${{{service}}}"), &regex::escape(&url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_stand_for_their_public_addresses() {
        let site = |mode| {
            let upstreams = [("forge".to_owned(), "forge:3000".to_owned())].into();
            routes::Site::standard(routes::Origin::parse("http://edge.test:1").unwrap(), mode, &upstreams).unwrap()
        };
        for (text, subpath, subdomain) in [
            ("${edge}/authorize", "http://edge.test:1/authorize", "http://edge.test:1/authorize"),
            (
                "${forge}/x ${forge}",
                "http://edge.test:1/forge/x http://edge.test:1/forge",
                "http://forge.edge.test:1/x http://forge.edge.test:1",
            ),
            ("${host}:${port}", "edge.test:1", "edge.test:1"),
            ("${ci} ${HOME} $forge", "${ci} ${HOME} $forge", "${ci} ${HOME} $forge"),
        ] {
            assert_eq!(fill(text, &site(routes::Mode::Subpath)), subpath);
            assert_eq!(fill(text, &site(routes::Mode::Subdomain)), subdomain);
        }
    }
}
