//! Hands the arguments over to the library.

fn main() -> std::process::ExitCode {
    modregn::cli::run(std::env::args_os())
}
