"""It is set up by a click."""

from homeassistant.config_entries import ConfigFlow


class XT211ConfigFlow(ConfigFlow, domain="xt211"):
    async def async_step_user(self, user_input=None):
        return self.async_create_entry(title="XT211", data={})
