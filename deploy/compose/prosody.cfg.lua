-- For trying only: nothing is encrypted on the way here. The modules that seal are not in Debian 12; docs/servers.md names them.
log = { info = "*console" }
interfaces = { "*" }
component_interfaces = { "*" }
c2s_require_encryption = false
authentication = "internal_hashed"
modules_disabled = { "s2s" }
modules_enabled = { "roster", "saslauth", "disco", "ping", "offline", "cloud_notify" }

VirtualHost "localhost"

Component "push.localhost"
  component_secret = ENV_COMPONENT_SECRET
