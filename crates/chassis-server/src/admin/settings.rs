use std::net::SocketAddr;
use std::path::PathBuf;

/// The admin HTTP port.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Admin")]
pub struct AdminSettings {
    /// Address of the admin HTTP port: probes, metrics, build information, the
    /// log's level. Not for the public. It holds 256 connections, of which the
    /// oldest leaves when another comes, each for a minute or 10 s of silence.
    #[arg(
        long = "admin-listen",
        env = "ADMIN_LISTEN_ADDR",
        value_name = "ADDR",
        default_value = "[::]:9090"
    )]
    pub admin_listen: SocketAddr,

    /// A file with the secret that lets its bearer change what the admin port
    /// can change (`authorization: Bearer …`): 16 to 4096 visible characters, read
    /// anew each time. Without it, and without a sidecar of a mesh, only this
    /// machine may: by address or as localhost, not through a proxy.
    #[arg(
        long = "admin-token-file",
        env = "ADMIN_TOKEN_FILE",
        value_name = "PATH"
    )]
    pub admin_token_file: Option<PathBuf>,
}
