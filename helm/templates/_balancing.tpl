{{/* Pieces of Istio's traffic policy, for its DestinationRule and for the one that Flagger writes. */}}

{{/* By policy, or by the hash of a header; nearest first where asked. */}}
{{- define "istio.loadBalancer" -}}
{{- $l := .Values.loadBalancing -}}
loadBalancer:
  {{- if $l.hashHeader }}
  consistentHash:
    httpHeaderName: {{ $l.hashHeader | quote }}
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

{{/* Most pods that the values allow. */}}
{{- define "balancing.pods" -}}
{{- $v := .Values -}}
{{- $pods := ternary $v.autoscaling.maxReplicas $v.replicaCount $v.autoscaling.enabled | int -}}
{{- if include "mesh.canary" . -}}{{- $pods = min $pods (int $v.canary.replicas) -}}{{- end -}}
{{- $pods -}}
{{- end -}}

{{/* "true" where a failing pod is left out: the only one never is, nobody would be left. With locality there are others in other clusters. */}}
{{- define "balancing.breaks" -}}
{{- $many := or (gt (include "balancing.pods" . | int) 1) (and .Values.locality.enabled (include "mesh.istio" .)) -}}
{{- if and .Values.circuitBreaking.enabled $many -}}true{{- end -}}
{{- end -}}

{{- define "istio.outlierDetection" -}}
{{- with .Values.circuitBreaking -}}
{{- if include "balancing.breaks" $ -}}
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
