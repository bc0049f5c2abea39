//! The program `edge-smoke`.

use edge_smoke::cli::environment::Environment;
use edge_smoke::cli::exit::Exit;

#[tokio::main]
async fn main() -> Exit {
    edge_smoke::cli::main(std::env::args_os(), Environment::read()).await
}
