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
        let request = Outgoing { method: "GET".to_owned(), address, headers: Vec::new(), body: Bytes::new() };
        let authority = request.address.origin.authority();
        let answered = match tokio::time::timeout(PATIENCE, acting.visitor.call(request, None)).await {
            // No connection came about, or none that says anything.
            Err(_) => return Ok(()),
            Ok(Err(super::Obstacle::Http(HttpError::Connect { .. } | HttpError::Resolve { .. }))) => return Ok(()),
            Ok(Err(_)) => "somebody who answers something else".to_owned(),
            Ok(Ok(())) => acting.visitor.hops.last().map(describe_hop).unwrap_or_default(),
        };
        let diagnostic = acting
            .diagnostic(self.span, format!("somebody listens at {authority}"))
            .expected("nobody")
            .found(answered)
            .help("bind it to loopback or to a socket, or keep the port from being published");
        Err(Problem { kind: FailureKind::Expectation, diagnostic })
    }
}
