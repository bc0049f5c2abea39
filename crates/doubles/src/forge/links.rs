//! The addresses that a forge hands out, and what it goes by.

use http::{HeaderMap, header};

use super::settings::{Detection, Flavour, Settings};

/// Public addresses, as one answer has them. None ends in a slash.
#[derive(Debug, Clone)]
pub(super) struct Links {
    /// Of API resources: always by `ROOT_URL`.
    api: String,
    /// Of pages and repositories: by `ROOT_URL` too, but Gitea goes by the request where it can.
    pub(super) html: String,
    /// The public URL's host, for SSH addresses.
    domain: String,
}

impl Links {
    /// Those of an answer to a request with this header section.
    pub(super) fn of(settings: &Settings, headers: &HeaderMap) -> Self {
        Self { html: format!("{}{}", origin(settings, headers), settings.sub_path()), ..Self::outside(settings) }
    }

    /// Those of what no request asked for, such as webhooks.
    pub(super) fn outside(settings: &Settings) -> Self {
        let base = settings.base().to_owned();
        Self { api: format!("{base}/api/v1"), html: base, domain: settings.domain().to_owned() }
    }

    /// Where the API is described: what errors refer to.
    pub(super) fn documentation(&self) -> String {
        format!("{}/swagger", self.api.trim_end_matches("/v1"))
    }

    pub(super) fn api(&self, path: &str) -> String {
        format!("{}/{path}", self.api)
    }

    pub(super) fn html(&self, path: &str) -> String {
        format!("{}/{path}", self.html)
    }

    pub(super) fn ssh(&self, full_name: &str) -> String {
        format!("git@{}:{full_name}.git", self.domain)
    }
}

/// Scheme, host and port that a request came to, as far as the forge believes it. X-Forwarded-Host counts for neither of them.
pub(super) fn origin(settings: &Settings, headers: &HeaderMap) -> String {
    let own = settings.origin();
    if settings.flavour == Flavour::Forgejo || settings.detection == Detection::Never {
        return own;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let Some(host) = text(header::HOST.as_str()) else { return own };
    let proto = ["x-forwarded-proto", "x-forwarded-protocol", "x-url-scheme"]
        .iter()
        .find_map(|name| text(name).filter(|value| matches!(*value, "http" | "https")))
        .or_else(|| {
            let ssl = text("front-end-https").or_else(|| text("x-forwarded-ssl"))?;
            Some(if ssl == "on" { "https" } else { "http" })
        });
    match proto {
        Some(scheme) => format!("{scheme}://{host}"),
        None if settings.detection == Detection::Auto => format!("http://{host}"),
        None => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gitea_goes_by_the_request_and_forgejo_by_its_root_url() {
        for (flavour, detection, fields, html) in [
            (Flavour::Gitea, "auto", &[("host", "inside:3000")] as &[_], "http://inside:3000/forge"),
            (Flavour::Gitea, "auto", &[("host", "a"), ("x-forwarded-proto", "https")], "https://a/forge"),
            (Flavour::Gitea, "auto", &[("host", "a"), ("x-forwarded-proto", "ftp")], "http://a/forge"),
            (Flavour::Gitea, "auto", &[("host", "a"), ("x-forwarded-ssl", "on")], "https://a/forge"),
            (Flavour::Gitea, "auto", &[("x-forwarded-host", "b"), ("host", "a")], "http://a/forge"),
            (Flavour::Gitea, "auto", &[], "https://edge.test/forge"),
            (Flavour::Gitea, "legacy", &[("host", "a")], "https://edge.test/forge"),
            (Flavour::Gitea, "legacy", &[("host", "a"), ("x-forwarded-proto", "http")], "http://a/forge"),
            (Flavour::Gitea, "never", &[("host", "a"), ("x-forwarded-proto", "http")], "https://edge.test/forge"),
            (Flavour::Forgejo, "auto", &[("host", "a"), ("x-forwarded-proto", "http")], "https://edge.test/forge"),
        ] {
            let mut settings = Settings::default();
            settings.flavour = flavour;
            settings.set("GITEA__server__ROOT_URL", "https://edge.test/forge/").unwrap();
            settings.set("GITEA__server__PUBLIC_URL_DETECTION", detection).unwrap();
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(*name, value.parse().unwrap());
            }
            let links = Links::of(&settings, &headers);
            assert_eq!(links.html, html, "{flavour:?} {detection} {fields:?}");
            assert_eq!(links.api("version"), "https://edge.test/forge/api/v1/version");
            assert_eq!(links.documentation(), "https://edge.test/forge/api/swagger");
        }
    }
}
