#{% capture source %}§{% raw %}
# Ports and peers, for the NetworkPolicy.
{{/* A selector of namespaces; none: all of them. */}}
{{- define "network.labels" -}}
{{- if . -}}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "network.port" -}}
{{- $url := urlParse . -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end -}}

{{/* Where a peer's proxy connects: Istio's HBONE, Linkerd's inbound port. */}}
{{- define "network.proxyPorts" -}}
{{- if include "mesh.istio" . -}}
[15008]
{{- else if include "mesh.linkerd" . -}}
[4143]
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* Where proxies are scraped and probed. */}}
{{- define "network.proxyMetricsPorts" -}}
{{- if eq .Values.mesh.provider "istio" -}}
[15020, 15021]
{{- else if include "mesh.linkerd" . -}}
[4191]
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* Ambient gives the kubelet's probes these addresses; elsewhere its node's own always pass. */}}
{{- define "network.probeAddresses" -}}
{{- if include "mesh.ambient" . -}}
["169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"]
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* istiod; Linkerd's identity, destination and policy. Ambient pods speak to none. */}}
{{- define "network.controlPorts" -}}
{{- if eq .Values.mesh.provider "istio" -}}
[15012]
{{- else if include "mesh.linkerd" . -}}
[8080, 8086, 8090]
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* What the service itself calls, beside the collector. */}}
{{- define "network.egress" -}}
{{- /*:[sample]*/}}
{{- with .Values.inventory.endpoint }}
# The inventory.
- ports:
    - port: {{ include "network.port" . }}
{{- end }}
{{- /*:[/sample]*/}}
{{- range $name, $upstream := .Values.upstreams }}
{{- with $upstream.endpoint }}
# The upstream {{ $name }}.
- ports:
    - port: {{ include "network.port" . }}
{{- end }}
{{- end }}
{{- /*:[postgres]*/}}
{{- if eq .Values.store.type "postgres" }}
# The database.
- ports:
    - port: {{ .Values.store.postgres.port }}
{{- end }}
{{- /*:[/postgres]*/}}
{{- /*:[nats]*/}}
{{- with .Values.events.nats }}
{{- if or .url .existingSecret }}
# The broker of events.
- ports:
    - port: {{ .port }}
{{- end }}
{{- end }}
{{- /*:[/nats]*/}}
{{- end -}}
{{/*{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}{% comment %}*/}}{% endcomment %}
