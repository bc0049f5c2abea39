//! What the recordings are held against: the doubles, and the real programs where their images are.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use edge_smoke::engine::events::Nobody;
use edge_smoke::stack::embedded::{self, Embedded};
use edge_smoke::stack::{Late, Needs, Product, Stack, StackOptions, containers};
use scenario::model::{Service, StackKind};
use tokio_util::sync::CancellationToken;

/// Container stacks come up one after the other: two at once on two cores only wait for each other.
static ENGINE: Mutex<()> = Mutex::new(());

/// A way to stand a stack up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// The doubles, the forge's as this one.
    Embedded(Product),
    /// The real programs, as far as their images are there.
    Containers {
        /// The forge.
        forge: Product,
        /// The CI is Woodpecker, and no double.
        has_real_ci: bool,
    },
}

impl Program {
    /// Which forge it has.
    pub(crate) fn forge(self) -> Product {
        match self {
            Program::Embedded(forge) | Program::Containers { forge, .. } => forge,
        }
    }

    /// The kind of the stack.
    pub(crate) fn kind(self) -> StackKind {
        match self {
            Program::Embedded(_) => StackKind::Embedded,
            Program::Containers { .. } => StackKind::Containers,
        }
    }

    /// The services that it can have.
    pub(crate) fn services(self) -> &'static [Service] {
        match self {
            Program::Embedded(_) => embedded::SERVICES,
            Program::Containers { .. } => containers::SERVICES,
        }
    }

    /// Stands it up, does something there, and takes it down.
    ///
    /// # Errors
    /// It doesn't come up, or doesn't go; what was done there went wrong.
    pub(crate) fn with<T>(
        self,
        options: &StackOptions,
        act: impl AsyncFnOnce(&dyn Stack) -> Result<T, String>,
    ) -> Result<T, String> {
        let _one_at_a_time = match self {
            Program::Embedded(_) => None,
            Program::Containers { .. } => Some(ENGINE.lock().unwrap_or_else(PoisonError::into_inner)),
        };
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let stack: Box<dyn Stack> = match self {
                Program::Embedded(forge) => {
                    let options = StackOptions { forge, ..options.clone() };
                    Box::new(Embedded::start(&options).await.map_err(|trouble| format!("{trouble:?}"))?)
                }
                Program::Containers { .. } => {
                    let needs = Needs { services: self.services().iter().copied().collect() };
                    let options = StackOptions { images: images(), ..options.clone() };
                    let up = containers::up(&needs, &options, &Nobody, &CancellationToken::new()).await;
                    Box::new(up.map_err(|trouble| format!("{trouble:?}"))?)
                }
            };
            // With all that is in it: what is recorded doesn't wait.
            let forge = stack.arrivals().wait_for(Late::Repository).await;
            forge.map_err(|trouble| format!("{trouble:?}"))?;
            let done = act(stack.as_ref()).await;
            stack.down().await.map_err(|trouble| format!("{trouble:?}"))?;
            done
        })
    }
}

impl std::fmt::Display for Program {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stack = match self {
            Program::Embedded(_) => "embedded",
            Program::Containers { .. } => "containers",
        };
        write!(formatter, "{stack}::{}", directory(self.forge()))
    }
}

/// The directory of the recordings of a forge.
pub(crate) fn directory(forge: Product) -> &'static str {
    match forge {
        Product::Forgejo => "forgejo",
        Product::Gitea => "gitea",
    }
}

/// Images that the environment names in place of the usual ones (`FORGE_IMAGE`, `CI_IMAGE`).
fn images() -> BTreeMap<Service, String> {
    edge_smoke::images::overrides(&|name| std::env::var(name).ok())
}

/// The containers stack, by what its images are.
///
/// # Errors
/// No engine, or an image is missing.
pub(crate) fn in_containers() -> Result<Program, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        containers::engine().await.map_err(|trouble| trouble.message)?;
        let rows = edge_smoke::images::list(&images()).await.map_err(|trouble| trouble.message)?;
        let missing: Vec<&str> = rows.iter().filter(|row| row.used.is_none()).map(|row| row.wanted()).collect();
        if !missing.is_empty() {
            return Err(format!("images are missing: {}", missing.join(", ")));
        }
        let image = |service| {
            let row = rows.iter().find(|row| row.service == service);
            row.and_then(|row| row.used.as_ref()).map(|(choice, _)| choice)
        };
        let forge = match image(Service::Forge).map(|choice| choice.image.as_str()) {
            Some(image) if image.contains("forgejo") => Product::Forgejo,
            Some(image) if image.contains("gitea") => Product::Gitea,
            other => return Err(format!("whether {other:?} is Gitea or Forgejo can't be told from its name")),
        };
        let has_real_ci = image(Service::Ci).is_some_and(|choice| !choice.is_double);
        Ok(Program::Containers { forge, has_real_ci })
    })
}
