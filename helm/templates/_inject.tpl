#{% capture source %}§{% raw %}
# How pods join the mesh.
{{/* How a pod joins the mesh: Istio by label, Linkerd by annotation. Never in a selector. */}}
{{- define "inject.labels" -}}
{{- if eq .Values.mesh.provider "istio" -}}
{{- with .Values.mesh.istio.revision }}
istio.io/rev: {{ . | quote }}
{{- end }}
sidecar.istio.io/inject: "true"
{{- else if include "mesh.ambient" . }}
istio.io/dataplane-mode: ambient
sidecar.istio.io/inject: "false"
{{- end }}
{{- end -}}

{{- define "inject.annotations" -}}
{{- if eq .Values.mesh.provider "istio" }}
{{- include "inject.istio" . }}
{{- else if include "mesh.linkerd" . }}
{{- include "inject.linkerd" . }}
{{- end }}
{{- end -}}

{{- define "inject.istio" -}}
sidecar.istio.io/nativeSidecar: {{ .Values.mesh.proxy.nativeSidecar | quote }}
proxy.istio.io/config: |
  holdApplicationUntilProxyStarts: true
  terminationDrainDuration: {{ .Values.settings.drainTimeout }}
{{- if not .Values.mesh.proxy.nativeSidecar }}
  proxyMetadata:
    # It is told to stop together with the service, and must outlast its calls.
    EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true"
{{- end }}
  # Envoy would append to what a caller claims; this replaces it.
  proxyHeaders:
    forwardedClientCert: SANITIZE_SET
{{- with .Values.mesh.proxy.resources }}
{{- with .requests }}
{{- with .cpu }}
sidecar.istio.io/proxyCPU: {{ . | quote }}
{{- end }}
{{- with .memory }}
sidecar.istio.io/proxyMemory: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .limits }}
{{- with .cpu }}
sidecar.istio.io/proxyCPULimit: {{ . | quote }}
{{- end }}
{{- with .memory }}
sidecar.istio.io/proxyMemoryLimit: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "inject.linkerd" -}}
linkerd.io/inject: enabled
config.linkerd.io/default-inbound-policy: {{ include "mtls.linkerdPolicy" . }}
# Its own 120 s would outlast the pod.
config.linkerd.io/shutdown-grace-period: {{ default (include "pod.graceSeconds" .) .Values.terminationGracePeriodSeconds }}s
{{- with include "inject.skippedPorts" . }}
config.linkerd.io/skip-outbound-ports: {{ . | quote }}
{{- end }}
config.linkerd.io/proxy-enable-native-sidecar: {{ .Values.mesh.proxy.nativeSidecar | quote }}
{{- with .Values.mesh.proxy.resources }}
{{- range $kind, $resources := . }}
{{- range $name, $amount := $resources }}
config.linkerd.io/proxy-{{ $name }}-{{ trimSuffix "s" $kind }}: {{ $amount | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A server that speaks first looks silent to a proxy, which waits 10 s for the client to say something. */}}
{{- define "inject.skippedPorts" -}}
{{- $ports := .Values.mesh.linkerd.skipOutboundPorts -}}
{{- /*:[nats]*/}}
{{- with .Values.events.nats -}}
{{- if and (or .url .existingSecret) (not .meshed) -}}{{- $ports = append $ports .port -}}{{- end -}}
{{- end -}}
{{- /*:[/nats]*/}}
{{- $texts := list -}}
{{- range $ports -}}{{- $texts = append $texts (toString .) -}}{{- end -}}
{{- $texts | uniq | join "," -}}
{{- end -}}

{{/* Keeps a pod out of every mesh. */}}
{{- define "inject.noneLabels" -}}
sidecar.istio.io/inject: "false"
istio.io/dataplane-mode: none
{{- end -}}
{{/*{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}{% comment %}*/}}{% endcomment %}
