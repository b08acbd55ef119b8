-- tigase:push:encrypt:0 and tigase:push:priority:0 on top of mod_cloud_notify, for tests only.
-- Debian's prosody-modules has no module that seals.

local st = require "util.stanza";
local json = require "util.json";
local base64 = require "util.encodings".base64;
local random = require "util.random";
local jid = require "util.jid";
local valid_utf8 = require "util.encodings".utf8.valid;
local ciphers = require "openssl.cipher";

local xmlns_encrypt = "tigase:push:encrypt:0";
local xmlns_priority = "tigase:push:priority:0";
local xmlns_jmi = "urn:xmpp:jingle-message:0";

-- What servers with an older luaossl send: sixteen zero bytes where the GCM tag belongs.
local zero_tag = module:get_option_boolean("sealpost_seal_zero_tag", false);

for _, feature in ipairs { xmlns_encrypt, "tigase:push:encrypt:aes-128-gcm", xmlns_priority } do
	module:hook("account-disco-info", function(event)
		(event.reply or event.stanza):tag("feature", { var = feature }):up();
	end);
end

module:hook("cloud_notify/registration", function(event)
	local encrypt = event.stanza.tags[1]:get_child("encrypt", xmlns_encrypt);
	if not encrypt then return; end
	local key = base64.decode((encrypt:get_text() or ""):gsub("%s", ""));
	if encrypt.attr.alg ~= "aes-128-gcm" then
		event.origin.send(st.error_reply(event.stanza, "modify", "feature-not-implemented", "Unknown algorithm"));
		return false;
	elseif not key or #key ~= 16 then
		event.origin.send(st.error_reply(event.stanza, "modify", "bad-request", "The key must have 16 bytes"));
		return false;
	end
	event.push_info.seal = { key = base64.encode(key), max_size = tonumber(encrypt.attr["max-size"]) };
end);

local function payload_of(stanza)
	local payload = { unread = 1, sender = jid.bare(stanza.attr.from), type = "chat" };
	local propose = stanza:get_child("propose", xmlns_jmi);
	if stanza.name == "presence" then
		payload.type = "subscribe";
	elseif propose then
		payload.type, payload.sender, payload.sid, payload.media = "call", stanza.attr.from, propose.attr.id, {};
		for description in propose:childtags("description", "urn:xmpp:jingle:apps:rtp:1") do
			table.insert(payload.media, description.attr.media);
		end
	elseif stanza.attr.type == "groupchat" then
		payload.type, payload.nickname = "groupchat", select(3, jid.split(stanza.attr.from));
	end
	payload.message = stanza:get_child_text("body");
	return payload, propose ~= nil;
end

local function base64_size(bytes) return math.ceil((bytes + 16) / 3) * 4; end

-- The first bytes of a text, less what would be part of a character.
local function head(text, bytes)
	local cut = text:sub(1, bytes);
	while cut ~= "" and not valid_utf8(cut) do cut = cut:sub(1, -2); end
	return cut;
end

-- Cuts the end of the body, at a character, until the sealed payload fits: the longest that does, by bisection.
local function encode(payload, max_size)
	local text = json.encode(payload);
	if not max_size or not payload.message or base64_size(#text) <= max_size then return text; end
	local body, fits, too_long = payload.message, 0, #payload.message;
	while too_long - fits > 1 do
		local middle = math.floor((fits + too_long) / 2);
		payload.message = head(body, middle);
		if base64_size(#json.encode(payload)) <= max_size then fits = middle; else too_long = middle; end
	end
	payload.message = fits > 0 and head(body, fits) or nil;
	return json.encode(payload);
end

local function seal(key, iv, plaintext)
	local cipher = ciphers.new("aes-128-gcm"):encrypt(key, iv);
	local ciphertext = cipher:final(plaintext);
	return ciphertext .. (zero_tag and ("\0"):rep(16) or cipher:getTag(16));
end

module:hook("cloud_notify/push", function(event)
	local stanza, notification = event.original_stanza, event.notification_payload;
	local settings = event.push_info.seal;
	if settings and stanza then
		local payload, is_call = payload_of(stanza);
		local iv = random.bytes(12);
		local sealed = seal(base64.decode(settings.key), iv, encode(payload, settings.max_size));
		notification:remove_children("x", "jabber:x:data");
		notification:text_tag("encrypted", base64.encode(sealed),
			{ xmlns = xmlns_encrypt, iv = base64.encode(iv), type = is_call and "voip" or nil });
	end
	if event.important then
		notification:text_tag("priority", "high", { xmlns = xmlns_priority });
	end
end);
