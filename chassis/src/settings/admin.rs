use std::net::SocketAddr;

/// The admin HTTP port.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Admin")]
pub struct AdminSettings {
    /// Address of the admin HTTP port: probes, metrics, build information.
    /// Not for the public.
    #[arg(
        long = "admin-listen",
        env = "ADMIN_LISTEN_ADDR",
        value_name = "ADDR",
        default_value = "0.0.0.0:9090"
    )]
    pub admin_listen: SocketAddr,
}
