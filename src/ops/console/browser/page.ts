/** The console: one page, which asks for the admin token and shows nothing without it. */
export const consolePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sealpost</title>
<link rel="stylesheet" href="/uplot.css">
<link rel="stylesheet" href="/console.css">
<link rel="icon" href="data:,">
</head>
<body>
<header><h1>Sealpost</h1><p id="sentence" role="status">Type the admin token to begin.</p></header>
<main>
<form id="enter" autocomplete="off">
<label for="token">Admin token</label>
<input id="token" type="password" required autocomplete="off" spellcheck="false">
<button>Show</button>
</form>
<div id="shown" hidden>
<section aria-labelledby="apps-title"><h2 id="apps-title">Apps</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Figures of each app"><table><thead><tr>
<th scope="col">App</th><th scope="col">Accepted a second</th><th scope="col">Not accepted a second</th><th scope="col">Latency</th>
<th scope="col">In the outbox</th><th scope="col">Oldest</th><th scope="col">Registrations</th>
</tr></thead><tbody id="apps"></tbody></table></div></section>
<section aria-labelledby="charts-title"><h2 id="charts-title">The latest hour</h2>
<p class="chooser"><label for="app">Charts of</label> <select id="app"><option value="">all apps</option></select></p>
<div id="charts"></div></section>
<section aria-labelledby="failures-title"><h2 id="failures-title">Last failures</h2>
<div class="box" tabindex="0" role="region" aria-label="List of failures"><ul id="failures"></ul></div></section>
<section aria-labelledby="parts-title"><h2 id="parts-title">Parts</h2><ul id="parts"></ul></section>
<section aria-labelledby="links-title"><h2 id="links-title">Links</h2><ul id="links"></ul></section>
<section aria-labelledby="credentials-title"><h2 id="credentials-title">Credentials</h2><ul id="credentials"></ul></section>
<section aria-labelledby="devices-title"><h2 id="devices-title">Devices of an account</h2>
<form id="find" autocomplete="off"><label for="account">Account, fingerprint or begin of a token</label>
<input id="account" required minlength="6" autocomplete="off" spellcheck="false"><button>Find</button></form>
<div id="devices" aria-live="polite"></div></section>
</div>
</main>
<script src="/uplot.js"></script>
<script src="/console.js"></script>
</body>
</html>
`;
