//! The one door to the repository's tools: `cargo xtask COMMAND`.

mod apt;
mod bench;
mod ci;
#[cfg(test)]
mod corpus;
mod docs;
mod fuzz;
mod layout;
mod out;
mod prompts;
mod run;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  test                 install what the tests need (Debian), run everything, print the sums
  ci                   the same without installing anything
  sim [ARGS]           the simulator: --seeds N, --seed 0x…, --shards N, --trace
  fuzz [TARGET]        fuzz one target or all: --seconds N (default 600 a target)
  bench [PART…]        figures beside Kamailio and rtpengine: all signalling register call scan
                       delay hold maxrate media idle import start;
                       --rounds N, --quick, --write, --peers
  docs                 write docs/limits.md, docs/events.md and docs/protocol/openapi.json
                       anew from the code
  prompts              make the spoken sentences of crates/media/prompts anew
  run [ARGS]           build the release program and run it
  layout               only the layout and tidy checks, all findings at once
";

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    match dispatch(command, rest) {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::FAILURE,
        Err(error) => {
            say!("error: {error:#}");
            std::process::ExitCode::from(2)
        }
    }
}

/// Runs one command; `false` when it ran and found something wrong.
fn dispatch(command: &str, rest: &[String]) -> Result<bool> {
    match command {
        "test" => ci::test(),
        "ci" => ci::ci(),
        "sim" => run::sim(rest),
        "fuzz" => fuzz::run(rest),
        "bench" => bench::run(rest),
        "docs" => docs::write_all().map(|()| true),
        "prompts" => prompts::run().map(|()| true),
        "run" => run::product(rest),
        "layout" => layout::print_all(),
        "help" | "--help" | "-h" => {
            say!("{HELP}");
            Ok(true)
        }
        // The bench starts itself again in these roles.
        "__echo" => bench::echo_main(rest.first().map_or("", String::as_str)),
        "__floor" => match rest {
            [calls, seconds] => bench::floor_main(calls, seconds),
            _ => bail!("__floor CALLS SECONDS"),
        },
        other => bail!("unknown command `{other}`\n\n{HELP}"),
    }
}
