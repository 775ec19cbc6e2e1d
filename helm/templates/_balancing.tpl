{{/* Pieces of Istio's traffic policy, for its DestinationRule and for the one that Flagger writes. */}}

{{/* By policy, or by the hash of a header; nearest first where asked. */}}
{{- define "istio.loadBalancer" -}}
{{- $l := .Values.loadBalancing -}}
loadBalancer:
  {{- if $l.hashHeader }}
  consistentHash:
    httpHeaderName: {{ $l.hashHeader }}
  {{- else }}
  simple: {{ $l.policy }}
  {{- if and (ne $l.warmup "0s") (include "mesh.flagger" .) }}
  # Flagger knows the older word only.
  warmupDurationSecs: {{ $l.warmup }}
  {{- else if ne $l.warmup "0s" }}
  warmup:
    duration: {{ $l.warmup }}
  {{- end }}
  {{- end }}
  {{- with .Values.locality }}
  {{- if .enabled }}
  localityLbSetting:
    enabled: true
    {{- with .failover }}
    failover:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* What one client proxy opens; Flagger has no limits of TCP. */}}
{{- define "istio.connectionPool" -}}
{{- with .Values.connectionPool -}}
{{- if .enabled -}}
connectionPool:
  {{- if not (include "mesh.flagger" $) }}
  tcp:
    maxConnections: {{ .maxConnections }}
    connectTimeout: {{ .connectTimeout }}
  {{- end }}
  http:
    http2MaxRequests: {{ .maxRequests }}
    http1MaxPendingRequests: {{ .maxPendingRequests }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "istio.outlierDetection" -}}
{{- with .Values.circuitBreaking -}}
{{- if .enabled -}}
outlierDetection:
  # consecutiveErrors would pass and do nothing.
  consecutive5xxErrors: {{ .consecutiveErrors }}
  consecutiveGatewayErrors: {{ .consecutiveErrors }}
  interval: {{ .interval }}
  baseEjectionTime: {{ .baseEjection }}
  maxEjectionPercent: {{ .maxEjectionPercent }}
{{- end -}}
{{- end -}}
{{- end -}}
