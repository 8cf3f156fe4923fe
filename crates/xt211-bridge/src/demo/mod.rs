//! demo
/// x
/// # Errors
/// x
pub fn demo(_: Option<u64>) -> anyhow::Result<std::process::ExitCode> {
    Ok(std::process::ExitCode::SUCCESS)
}
