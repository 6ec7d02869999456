//! The `mkt` binary.

fn main() -> std::process::ExitCode {
    mkt::cli::main()
}
