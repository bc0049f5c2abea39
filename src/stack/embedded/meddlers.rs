//! Meddlers between the edge and the doubles.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use doubles::meddler::{Meddler, Rules};
use routes::Upstream;
use scenario::model::Service;
use serve::Log;
use verdict::evidence::Trouble;

use super::trouble;
use crate::stack::{StackOptions, altered};

/// The meddlers that stand, by the services that they stand before.
#[derive(Debug, Default)]
pub(super) struct Meddlers(Mutex<BTreeMap<Service, Meddler>>);

impl Meddlers {
    /// Makes them those that the options ask for, and gives their addresses. One that stood before stays where it is.
    pub(super) fn stand(
        &self,
        routed: &routes::Site,
        options: &StackOptions,
    ) -> Result<BTreeMap<String, Upstream>, Trouble> {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standing.retain(|service, _| options.tamper.contains_key(service));
        let upstreams = routed.upstreams();
        for (service, rules) in &options.tamper {
            let wrong = |why: String| trouble(*service, format!("it can't be tampered with: {why}"));
            let rules = Rules::new(&altered::rules(rules, routed)).map_err(wrong)?;
            if let Some(meddler) = standing.get(service) {
                meddler.replace(rules);
                continue;
            }
            let upstream =
                upstreams.get(service.as_str()).ok_or_else(|| wrong("this stack doesn't have it".to_owned()))?;
            let meddler = start(upstream, rules).map_err(|error| wrong(error.to_string()))?;
            standing.insert(*service, meddler);
        }
        Ok(standing.iter().map(|(service, meddler)| (service.to_string(), at(meddler))).collect())
    }

    /// Stops them all.
    pub(super) async fn shutdown(&self, grace: Duration) {
        let standing = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        futures_util::future::join_all(standing.into_values().map(|meddler| meddler.shutdown(grace))).await;
    }
}

fn start(upstream: &Upstream, rules: Rules) -> std::io::Result<Meddler> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Meddler::serve(tokio::net::TcpListener::from_std(listener)?, upstream.to_string(), rules, Log::default())
}

fn at(meddler: &Meddler) -> Upstream {
    Upstream { host: meddler.address().ip().to_string(), port: meddler.address().port() }
}
