//! `closed`: an address at which nobody must listen, such as the edge's admin API seen from outside.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use scenario::Spanned;
use scenario::template::Template;
use verdict::evidence::FailureKind;

use super::{Act, Acting};
use crate::engine::expect::describe_hop;
use crate::engine::http::{HttpError, Outgoing};
use crate::engine::problem::Problem;

/// How long somebody who listens may take. A firewall that says nothing is as good as one that refuses.
const PATIENCE: Duration = Duration::from_secs(3);

#[async_trait]
impl Act for Spanned<Template> {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let address = acting.address(self)?;
        let origin = address.origin.clone();
        let listens = match tokio::time::timeout(PATIENCE, acting.visitor.reach(&origin)).await {
            Err(_) | Ok(Err(HttpError::Connect { .. })) => false,
            // A name that nobody has says nothing of what is closed.
            Ok(Err(error @ HttpError::Resolve { .. })) => {
                let diagnostic = acting
                    .diagnostic(self.span, error.to_string())
                    .help("an address is closed only where its host is there; is the name right?");
                return Err(Problem { kind: FailureKind::Resolve, diagnostic });
            }
            Ok(_) => true,
        };
        if !listens {
            return Ok(());
        }
        let request = Outgoing { method: "GET".to_owned(), address, headers: Vec::new(), body: Bytes::new() };
        let found = match tokio::time::timeout(PATIENCE, acting.visitor.call(request, None)).await {
            Err(_) => "somebody who takes connections and says nothing".to_owned(),
            Ok(Err(_)) => "somebody who answers something else".to_owned(),
            Ok(Ok(())) => acting.visitor.hops.last().map(describe_hop).unwrap_or_default(),
        };
        let diagnostic = acting
            .diagnostic(self.span, format!("somebody listens at {}", origin.authority()))
            .expected("nobody")
            .found(found)
            .help("bind it to loopback or to a socket, or keep the port from being published");
        Err(Problem { kind: FailureKind::Expectation, diagnostic })
    }
}
