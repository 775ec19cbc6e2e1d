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
